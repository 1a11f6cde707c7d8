// Package toxiproxy puts a proxy in front of a TCP server, for tests: its network can be spoiled and healed. The
// proxy is Shopify's Toxiproxy, a process of its own, which Go builds from tools/toxiproxy: what it brings with it is
// no dependency of the server's module.
//
// Concurrency: all methods may be called concurrently, but for Stop, which is called once.
package toxiproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"verbatim/testparts/ports"
)

// Proxy is a running proxy in front of one server.
type Proxy struct {
	Listen string // where clients connect, host:port

	api    string // of the process, an URL without a slash at its end
	client *http.Client
	cmd    *exec.Cmd
	ended  chan struct{} // closed once Wait has returned
}

// startLimit bounds a start, apiLimit a call of the process's API.
const (
	startLimit = time.Minute
	apiLimit   = 30 * time.Second
)

// Start starts a proxy in front of a server at upstream, host:port. It listens on a free port of 127.0.0.1. The caller
// stops it; it also ends with the caller's process.
func Start(upstream string) (*Proxy, error) {
	program, err := build()
	if err != nil {
		return nil, err
	}
	port, err := ports.Free()
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		api:    fmt.Sprintf("http://127.0.0.1:%d", port),
		client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: apiLimit},
		cmd:    exec.Command(program, "-host", "127.0.0.1", "-port", strconv.Itoa(port)),
		ended:  make(chan struct{}),
	}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("toxiproxy: %w", err)
	}
	go func() { // the proxy's; waits for its process, and ends with it
		defer close(p.ended)
		_ = p.cmd.Wait() // it is killed: its exit code says nothing
	}()
	if err := p.open(upstream); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// build returns the path of the program, which Go's build cache holds. It is built at the first call.
var build = sync.OnceValues(func() (string, error) {
	module, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("toxiproxy: go env GOMOD: %w", err)
	}
	var stderr bytes.Buffer
	tool := exec.Command("go", "tool", "-n", "server") // it builds, and prints the path
	tool.Dir = filepath.Join(filepath.Dir(strings.TrimSpace(string(module))), "tools", "toxiproxy")
	tool.Stderr = &stderr
	path, err := tool.Output()
	if err != nil {
		return "", fmt.Errorf("toxiproxy: build %s: %w: %s", tool.Dir, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(string(path)), nil
})

// open waits until the process answers, and has it listen for clients.
func (p *Proxy) open(upstream string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	for p.call(ctx, http.MethodGet, "/version", nil, nil) != nil {
		select {
		case <-p.ended:
			return fmt.Errorf("toxiproxy: it ended before it answered: %v", p.cmd.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("toxiproxy: it did not answer within %v", startLimit)
		case <-time.After(5 * time.Millisecond): // between two tries
		}
	}
	made := struct {
		Name     string `json:"name"`
		Listen   string `json:"listen"`
		Upstream string `json:"upstream"`
		Enabled  bool   `json:"enabled"`
	}{"proxy", "127.0.0.1:0", upstream, true}
	if err := p.call(ctx, http.MethodPost, "/proxies", made, &made); err != nil {
		return err
	}
	p.Listen = made.Listen
	return nil
}

// Spoil adds a toxic, as Toxiproxy describes them in JSON:
// {"name":"slow","type":"latency","attributes":{"latency":400}}.
func (p *Proxy) Spoil(toxic string) error {
	return p.call(context.Background(), http.MethodPost, "/proxies/proxy/toxics", json.RawMessage(toxic), nil)
}

// Heal removes all toxics.
func (p *Proxy) Heal() error {
	return p.call(context.Background(), http.MethodPost, "/reset", nil, nil)
}

// Stop kills the process, and with it all connections, and waits for its end.
func (p *Proxy) Stop() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended
	<-p.ended
}

// call calls the process's API, and decodes the answer if to is not nil.
func (p *Proxy) call(ctx context.Context, method, path string, body, to any) error {
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("toxiproxy: %s %s: %w", method, path, err)
		}
		sent = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, p.api+path, sent)
	if err != nil {
		return fmt.Errorf("toxiproxy: %w", err)
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return fmt.Errorf("toxiproxy: %w", err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", answer.Status, bytes.TrimSpace(said))
	}
	if err == nil && to != nil {
		err = json.Unmarshal(said, to)
	}
	if err != nil {
		return fmt.Errorf("toxiproxy: %s %s: %w", method, path, err)
	}
	return nil
}
