package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"verbatim/promises"
)

// binary is the program under test, built once for the run.
var binary string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, remove, err := temporary("test")
	if err == nil {
		defer remove()
		err = missingPart()
	}
	if binary = os.Getenv("VERBATIM_BINARY"); binary == "" && err == nil {
		binary = filepath.Join(dir, "verbatim")
		args := []string{"build", "-o", binary}
		if raceDetector {
			args = append(args, "-race")
		}
		cmd := exec.Command("go", append(args, "../..")...)
		if out, failed := cmd.CombinedOutput(); failed != nil {
			err = fmt.Errorf("go build: %w\n%s", failed, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "drills:", err)
		return 1
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "drills:", err)
		return 1
	}
	return code
}

func short(t *testing.T) options {
	return options{short: true, quiet: true, binary: binary, duration: 5 * time.Second}
}

func TestEachDrillHoldsInItsShortForm(t *testing.T) {
	for _, d := range append(append([]drill{}, all...), onDemand...) {
		if d.longOnly {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			if d.root && os.Geteuid() != 0 {
				t.Skip("it needs root; `make test` says so at its end")
			}
			r, err := short(t).do(context.Background(), d)
			total, breaches := r.breaches()
			for _, b := range breaches {
				t.Error(b)
			}
			if err != nil {
				t.Fatal(err)
			}
			silent := d.name == restart.name || d.name == strangers.name
			if !silent && (total.Acks == 0 || total.Seen == 0 || total.Recorded == 0) {
				t.Errorf("nothing was drilled: %+v", total)
			}
			t.Log(line(r.row(d, "ok", total)))
		})
	}
}

// A drill that cannot fail says nothing: a server that begins with an empty folder each time has lost all that it
// acked.
func TestADrillFindsAServerThatForgets(t *testing.T) {
	t.Parallel()
	forgetful := filepath.Join(t.TempDir(), "verbatim")
	script := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = serve ] && rm -rf \"$5\"\nexec %s \"$@\"\n", binary)
	if err := os.WriteFile(forgetful, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	o := short(t)
	o.binary = forgetful
	r, err := o.do(context.Background(), kill9)
	_, breaches := r.breaches()
	if all := strings.Join(breaches, "\n"); !strings.Contains(all, "promise 1: ") || err == nil {
		t.Errorf("got %v and %q, want a breach of promise 1", err, all)
	}
	var table bytes.Buffer
	code := runAll(context.Background(), o, []drill{kill9}, &table)
	if code != 1 || !strings.Contains(table.String(), "BROKEN") {
		t.Errorf("exit code %d, want 1, and the table:\n%s", code, table.String())
	}
}

func TestADrillThatIsInterruptedLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(2*time.Second, cancel)
	o := short(t)
	o.short, o.cycles = false, 1000
	r, err := o.do(ctx, kill9)
	if err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("got %v, want that it was interrupted", err)
	}
	if _, err := os.Stat(r.dir); !os.IsNotExist(err) {
		t.Errorf("its folder %s is still there: %v", r.dir, err)
	}
	if out, err := exec.Command("pgrep", "-f", r.dir).CombinedOutput(); len(out) > 0 {
		t.Errorf("processes are left: %s %v", out, err)
	}
}

func TestWhatAKilledDrillLeftIsRemovedAndWhatIsInUseIsNot(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	inUse, remove, err := temporary("in-use")
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	left := filepath.Join(os.TempDir(), temporaryPrefix+"kill9-1")
	fresh := filepath.Join(os.TempDir(), temporaryPrefix+"kill9-2")
	for _, dir := range []string{left, fresh} {
		if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-time.Hour)
	for _, dir := range []string{left, inUse} {
		if err := os.Chtimes(dir, long, long); err != nil {
			t.Fatal(err)
		}
	}
	sweep()
	for dir, want := range map[string]bool{left: false, fresh: true, inUse: true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", dir, err == nil, want)
		}
	}
}

func TestAnotherBreachAccusesNoReaderThatIsOnItsWay(t *testing.T) {
	r := &run{options: short(t), ctx: context.Background()}
	defer r.cleanUp()
	v, err := r.newTraffic(&server{}, shape{conversations: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []promises.Event{
		{Kind: promises.Open, Session: "ann#1", User: "ann"},
		{Kind: promises.Join, Session: "ann#1", Conversation: "room-0"},
		{Kind: promises.Joined, Session: "ann#1", Conversation: "room-0", Log: "L", First: 1, Last: 3},
	} {
		v.checker.Add(e)
	}
	r.miss("something else")
	if err := v.settle(); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
	if _, breaches := r.breaches(); len(breaches) != 1 {
		t.Errorf("got %q, want the other breach alone", breaches)
	}
}

func TestTheTableIsMarkdownToo(t *testing.T) {
	got := string(markdown([][]string{{"kill9", "ok", "9", "1", "2", "3", "4", "5", "0", "6 kills; 2 drains"}}))
	want := "| drill | result | seconds | acked | unknown | seen | read back | sessions | violations " +
		"| what was run |\n|---|---|--:|--:|--:|--:|--:|--:|--:|---|\n" +
		"| kill9 | ok | 9 | 1 | 2 | 3 | 4 | 5 | 0 | 6 kills;<br>2 drains |\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestWhatSSSaysIsAddedUp(t *testing.T) {
	out := `ESTAB 0 0 127.0.0.1:1 127.0.0.1:2
	 skmem:(r100,rb131072,t0,tb87040,f20,w3,o0,bl0,d0) cubic
ESTAB 0 0 127.0.0.1:1 127.0.0.1:3
	 skmem:(r0,rb131072,t0,tb87040,f4096,w0,o0,bl0,d0)`
	if sum, n := skmem(out); sum != 4219 || n != 2 {
		t.Errorf("got %d bytes of %d sockets, want 4219 of 2", sum, n)
	}
}

func TestAnEntryIsReadQuicklyOrNotAtAll(t *testing.T) {
	f, ok := quickly([]byte(`{"type":"message","conversation":"lobby","seq":42,"id":"c1"`))
	if !ok || f.Type != "message" || f.Conversation != "lobby" || f.Seq != 42 {
		t.Errorf("got %+v, %v", f, ok)
	}
	for _, raw := range []string{
		`{"type":"message","conversation":"lobby","seq":"x"}`,
		`{"type":"ack","conversation":"lobby","seq":1}`,
		`{"type":"message","conversation":"a","x":"b","seq":1}`,
		`{}`,
	} {
		if f, ok := quickly([]byte(raw)); ok {
			t.Errorf("%s: got %+v", raw, f)
		}
	}
}
