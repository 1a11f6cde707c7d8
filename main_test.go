package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test's own binary the program `verbatim` of the stories.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"verbatim": main})
}

// TestStories runs testdata/script: what a person at a command line meets. Beside testscript's own commands there are
//
//	refuses CODE ARGS…     verbatim ARGS… exits with CODE and says one line, on stderr
//	fails CODE ARGS…       the same with any number of lines
//	serve ARGS…            a server runs on a free port; $URL and $ADDRESS say where; it logs to server.log and ends
//	                       with the story.
//	post ID FROM TEXT      record a message; $SEQ and $SUM are its ack's
//	postmany N             record a message in each of the conversations c00, c01 …
//	get PATH               what the server answers is stdout
//	signal NAME [CODE]     TERM or KILL to the server; wait until it is gone, with that exit code where one is given
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Values[theServer] = &running{}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"refuses":  refuses,
			"fails":    fails,
			"serve":    serve,
			"post":     post,
			"postmany": postMany,
			"get":      get,
			"signal":   signalServer,
		},
	})
}

func refuses(ts *testscript.TestScript, neg bool, args []string) {
	fails(ts, neg, args)
	if said := ts.ReadFile("stderr"); strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "verbatim: ") {
		ts.Fatalf("verbatim %v: stderr is %q, want one line", args[1:], said)
	}
}

func fails(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("verbatim", args[1:]...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || strconv.Itoa(exit.ExitCode()) != args[0] {
		ts.Fatalf("verbatim %v: got %v, want exit code %s", args[1:], err, args[0])
	}
}

// running is a story's server, the newest one.
type running struct{ cmd *exec.Cmd }

type key int

const theServer key = 0 // of a story's *running among its values

func serverOf(ts *testscript.TestScript) *running { return ts.Value(theServer).(*running) }

func serve(ts *testscript.TestScript, _ bool, args []string) {
	cmd := exec.Command("verbatim", append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	log, err := os.Create(ts.MkAbs("server.log"))
	ts.Check(err)
	defer log.Close() // the server has its own copy
	cmd.Dir, cmd.Stderr = ts.MkAbs("."), log
	for _, name := range []string{"VERBATIM_DATA_DIR", "VERBATIM_LOG_LEVEL", "VERBATIM_REDIS"} { // those that stories set
		cmd.Env = append(cmd.Environ(), name+"="+ts.Getenv(name))
	}
	stdout, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	s := serverOf(ts)
	s.cmd = cmd
	ts.Defer(func() { s.end(syscall.SIGKILL) })
	url, err := nextURL(bufio.NewReader(stdout))
	ts.Check(err)
	ts.Setenv("URL", url)
	ts.Setenv("ADDRESS", strings.TrimPrefix(url, "http://"))
}

// end signals the server and waits for it; it gives the exit code, or -1 where it was gone or was killed.
func (s *running) end(signal syscall.Signal) int {
	if s.cmd.ProcessState != nil {
		return -1
	}
	_ = s.cmd.Process.Signal(signal) // where it has ended by itself, Wait says how
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

func signalServer(ts *testscript.TestScript, _ bool, args []string) {
	signal := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL}[args[0]]
	code := serverOf(ts).end(signal)
	if len(args) > 1 && strconv.Itoa(code) != args[1] {
		ts.Fatalf("the server exited with %d, want %s", code, args[1])
	}
}

func post(ts *testscript.TestScript, _ bool, args []string) {
	body, err := json.Marshal(map[string]string{"from": args[1], "text": args[2]})
	ts.Check(err)
	url := ts.Getenv("URL") + "/api/conversations/" + args[0] + "/messages"
	response, err := http.Post(url, "application/json", strings.NewReader(string(body)))
	ts.Check(err)
	defer response.Body.Close()
	var ack struct {
		Seq int
		Sum string
	}
	answer, err := io.ReadAll(response.Body)
	ts.Check(err)
	if response.StatusCode != http.StatusCreated || json.Unmarshal(answer, &ack) != nil {
		ts.Fatalf("POST %s: %s %s", url, response.Status, answer)
	}
	ts.Setenv("SEQ", strconv.Itoa(ack.Seq))
	ts.Setenv("SUM", ack.Sum)
}

func postMany(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for i := range n {
		post(ts, neg, []string{fmt.Sprintf("c%02d", i), "ann", "hi"})
	}
}

func get(ts *testscript.TestScript, _ bool, args []string) {
	response, err := http.Get(ts.Getenv("URL") + args[0])
	ts.Check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), body, 0o600))
	fmt.Fprintf(ts.Stdout(), "%s\n%s", response.Status, body)
}
