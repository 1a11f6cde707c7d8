package e2e

import (
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

const wscatProgram = "wscat/node_modules/.bin/wscat"

// wscat is the real one, with its stdin held open: at the end of its stdin it quits before it has printed anything.
type wscat struct {
	*process
	stdin io.Writer
}

func startWscat(t *testing.T, url string, flags ...string) *wscat {
	t.Helper()
	cmd := exec.Command("node", append([]string{wscatProgram, "--no-color", "-c", url}, flags...)...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return &wscat{startCommand(t, false, cmd), stdin}
}

// types enters one line.
func (w *wscat) types(line string) {
	w.t.Helper()
	if _, err := fmt.Fprintln(w.stdin, line); err != nil {
		w.t.Fatal(err)
	}
}

var prompt = regexp.MustCompile("^(> |< |\x1b\\[[0-9;]*[A-Za-z])*")

// shows waits for a frame on the screen, with whatever prompt wscat puts before it.
func (w *wscat) shows(what string, is func(frame) bool) frame {
	w.t.Helper()
	var found frame
	eventually(w.t, "wscat shows "+what, func() bool {
		if !w.running() {
			w.t.Fatalf("wscat ended, %v:\n%s", w.cmd.ProcessState, w.output)
		}
		for _, line := range w.output.lines() {
			f, err := parseFrame([]byte(prompt.ReplaceAllString(strings.TrimRight(line, "\r"), "")))
			if err == nil && is(f) {
				found = f
				return true
			}
		}
		return false
	})
	return found
}

func TestWscatIsAWholeClient(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		w := startWscat(t, "ws://"+s.addr+"/ws?name=ann&join=lobby")
		if f := w.shows("its welcome", ofType("welcome")); f.User != "ann" {
			t.Errorf("got %s, want ann", f)
		}
		w.shows("that it has joined", in("joined", "lobby"))
		w.types(`{"type":"send","conversation":"lobby","id":"w1","text":"hello from wscat 🦊"}`)
		ack := w.shows("its ack", ofType("ack"))
		if ack.ID != "w1" || ack.Seq != 1 {
			t.Errorf("got %s, want w1 at seq 1", ack)
		}
		bob := s.dial(t, "bob")
		bob.join("lobby")
		if m := bob.messages("lobby", 1, 1)[0]; m.Text != "hello from wscat 🦊" || m.From != "ann" {
			t.Errorf("bob got %s", m)
		}
		bob.send("lobby", "b1", "hello ann")
		if m := w.shows("bob's message",
			func(f frame) bool { return f.Type == "message" && f.From == "bob" }); m.Text != "hello ann" || m.Seq != 2 {
			t.Errorf("got %s", m)
		}
		w.types("what do I type here?")
		if f := w.shows("the JSON to type", ofType("error")); !strings.Contains(f.Reason, `{"type":"send"`) {
			t.Errorf("got %s, want a reason with the JSON to type", f)
		}
	})
}

func TestWscatExecutesWhatItIsGivenOnItsCommandLine(t *testing.T) {
	t.Parallel()
	s := serve(t)
	w := startWscat(t, "ws://"+s.addr+"/ws", "-s", "verbatim.v1", "-w", "20",
		"-x", `{"type":"join","conversation":"lobby"}`, "-x", `{"type":"send","conversation":"lobby","text":"hi"}`)
	w.shows("that it has joined", in("joined", "lobby"))
	w.shows("its own message", in("message", "lobby"))
	w.shows("its ack", in("ack", "lobby"))
}
