package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"verbatim/testparts/ports"
)

// server is a verbatim, its folder and its address. It can be killed and started again on both.
type server struct {
	*process
	r      *run
	addr   string // host:port, the same over its restarts
	admin  string // where its metrics are; "": there too
	data   string // as the server sees it
	flags  []string
	under  []string     // the program and its flags that the server runs under (nsenter, setpriv), or nothing
	client *http.Client // how this process asks it; nil: as usual
	root   string       // where this process finds the server's file system; "": in the same place
}

// startLimit is how long a start may take where no drill says less.
const startLimit = 60 * time.Second

func (r *run) newServer(flags ...string) (*server, error) {
	port, err := ports.Free()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(r.dir, "data-"+strconv.Itoa(port))
	return &server{r: r, addr: fmt.Sprintf("127.0.0.1:%d", port), data: data, flags: flags}, nil
}

// serve starts a server in a new folder on a free port.
func (r *run) serve(flags ...string) (*server, error) {
	s, err := r.newServer(flags...)
	if err == nil {
		err = s.start()
	}
	return s, err
}

// start starts it on its address and folder, and waits until it says that it listens.
func (s *server) start() (err error) {
	again := s.process != nil
	s.process, err = s.launch()
	if err != nil {
		return err
	}
	if !s.r.wait(startLimit, func() bool { return s.listens() || !s.running() }) || !s.listens() {
		if again && s.r.ctx.Err() == nil { // what was acked is out of reach then
			s.r.miss("promise 1: the server does not start again: %s", s.output.lastLines())
			return errBroken
		}
		return fmt.Errorf("the server does not listen: %s", s.output.lastLines())
	}
	return nil
}

// launch starts it and waits for nothing.
func (s *server) launch() (*process, error) {
	args := append(slices.Clone(s.under), s.r.binary, "serve",
		"--listen", s.addr, "--data-dir", s.data, "--send-rate", "0")
	p, err := s.r.start(append(args, s.flags...)...)
	if err == nil {
		s.r.later(func() { s.r.sane(p) })
	}
	return p, err
}

func (s *server) listens() bool {
	return strings.Contains(s.output.String(), "listening on http://"+s.addr+"\n")
}

// sane notes what no server may ever say.
func (r *run) sane(p *process) {
	said := p.output.String()
	for _, sign := range []string{"WARNING: DATA RACE", "panic:", "fatal error:"} {
		if i := strings.Index(said, sign); i >= 0 {
			r.miss("the server said %s:\n%s", sign, said[i:min(len(said), i+3000)])
		}
	}
}

// terminate is SIGTERM, which must end in order.
func (s *server) terminate() error {
	s.signal(syscall.SIGTERM)
	if code := s.exits(startLimit); code != 0 {
		return fmt.Errorf("SIGTERM: the server's exit code is %d (-1: it did not end): %s", code, s.output.lastLines())
	}
	return nil
}

// files is where this process finds the server's data.
func (s *server) files() string { return filepath.Join(s.root, s.data) }

// httpClient keeps no connection, so that none is counted among the sessions.
var httpClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 60 * time.Second}

// get asks the server.
func (s *server) get(path string) (*http.Response, error) { return s.ask(s.addr, path) }

func (s *server) ask(addr, path string) (*http.Response, error) {
	client := httpClient
	if s.client != nil {
		client = s.client
	}
	return client.Get("http://" + addr + path)
}

// ready reports whether the server takes traffic.
func (s *server) ready() bool {
	resp, err := s.get("/readyz")
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// metric reads one figure of /metrics: the sum over its labels.
func (s *server) metric(name string) (sum float64, err error) {
	at := s.addr
	if s.admin != "" {
		at = s.admin
	}
	resp, err := s.ask(at, "/metrics")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("/metrics: HTTP %d", resp.StatusCode)
	}
	found := false
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		line, value, ok := strings.Cut(lines.Text(), " ")
		if name2, _, _ := strings.Cut(line, "{"); ok && name2 == name {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0, err
			}
			sum, found = sum+v, true
		}
	}
	if err := lines.Err(); err != nil {
		return 0, err
	}
	if !found {
		return 0, errors.New("/metrics has no " + name)
	}
	return sum, nil
}

// verify runs `verbatim verify`, with receipts, which must find all whole.
func (s *server) verify(receipts []string) error {
	args := append(slices.Clone(s.under), s.r.binary, "verify", "--data-dir", s.data)
	for _, receipt := range receipts {
		args = append(args, "--receipt", receipt)
	}
	if out, err := exec.CommandContext(s.r.ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("verify: %w: %s", err, out[max(0, len(out)-1000):])
	}
	return nil
}
