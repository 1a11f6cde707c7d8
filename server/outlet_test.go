package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// sink is what an outlet writes to: each Write takes a step that the test allows, and may fail.
type sink struct {
	lines
	steps chan error    // what each Write meets; closed: it takes everything
	most  int           // bytes that a failing Write takes
	began chan struct{} // told of the first Write, where it has capacity 1
}

func (s *sink) Write(text []byte) (int, error) {
	select {
	case s.began <- struct{}{}:
	default:
	}
	if err := <-s.steps; err != nil {
		n, _ := s.lines.Write(text[:min(s.most, len(text))])
		return n, err
	}
	return s.lines.Write(text)
}

func gapLine(lost int) []byte { return fmt.Appendf(nil, "(%d lost)\n", lost) }

func TestWhoLogsNeverWaitsAndWhatIsTooMuchIsCounted(t *testing.T) {
	t.Parallel()
	to := &sink{steps: make(chan error), began: make(chan struct{}, 1)}
	o := newOutlet(to, gapLine)
	long := strings.Repeat("x", 1000) + "\n"
	const written = 3000 // 3 MB
	o.say(long)
	<-to.began // from here on nothing is taken
	for range written - 1 {
		o.say(long)
	}
	dropped := o.dropped.Load()
	if kept := (written - dropped) * int64(len(long)); kept > mostWaiting || kept < mostWaiting/2 {
		t.Errorf("%d bytes wait, want about %d", kept, mostWaiting)
	}
	close(to.steps)
	o.flush()
	o.say("after\n")
	o.flush()
	want := strings.Repeat(long, int(written-dropped)) + string(gapLine(int(dropped))) + "after\n"
	if got := to.String(); got != want {
		t.Errorf("got %d bytes that end with %.100q, want %d: what was kept, the gap, and what came after",
			len(got), got[max(0, len(got)-100):], len(want))
	}
}

func TestLinesThatCouldNotBeWrittenAreCountedAndLeaveAGap(t *testing.T) {
	t.Parallel()
	to := &sink{steps: make(chan error, 3), most: 2}
	o := newOutlet(to, gapLine)
	to.steps <- syscall.ENOSPC // breaks off within the line
	o.say("one\n")
	o.flush()
	to.steps <- syscall.ENOSPC // the gap
	to.steps <- syscall.ENOSPC
	o.say("two\n")
	o.flush()
	if got := o.dropped.Load(); got != 2 {
		t.Errorf("dropped: got %d, want 2", got)
	}
	close(to.steps)
	o.say("three\n")
	o.flush()
	// What is left of a line that broke off stands on a line of its own.
	if got, want := to.String(), "on\n(\nt\n(2 lost)\nthree\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAPipeThatDoesNotBlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		to := &sink{steps: make(chan error, 2), most: 2}
		o := newOutlet(to, gapLine)
		to.steps <- syscall.EAGAIN
		to.steps <- syscall.EAGAIN
		close(to.steps)
		o.say("one line\n")
		if !o.flush() {
			t.Error("it was not flushed")
		}
		if got := to.String(); got != "one line\n" || o.dropped.Load() != 0 {
			t.Errorf("got %q, %d dropped, want the line", got, o.dropped.Load())
		}
	})
}

func TestAFlushGivesUpOnWhatTakesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		o := newOutlet(w, gapLine)
		o.say("one\n")
		o.say("two\n")
		began := time.Now()
		if o.flush() {
			t.Error("flush says that all was written")
		}
		if took := time.Since(began); took != givenUp {
			t.Errorf("flush took %v, want %v", took, givenUp)
		}
		// One that takes a line now and then is waited for.
		go func() { // the test's; ends with the second line
			var got [4]byte
			for range 2 {
				time.Sleep(givenUp - time.Millisecond)
				_, _ = io.ReadFull(r, got[:])
			}
		}()
		if !o.flush() {
			t.Error("flush gave up on a slow reader")
		}
	})
}

func TestTheLogSaysHowManyLinesWereLost(t *testing.T) {
	t.Parallel()
	to := &sink{steps: make(chan error, 1)}
	log := newLog(defaults(t, "--log-format", "json"), to)
	to.steps <- errors.New("no")
	log.Info().Msg("lost")
	log.Close()
	close(to.steps)
	log.Info().Msg("kept")
	log.Close()
	found := bytes.Split(bytes.TrimSpace([]byte(to.String())), []byte("\n"))
	if len(found) != 2 || !bytes.Contains(found[0], []byte(`"lost":1`)) || !bytes.Contains(found[1], []byte("kept")) || log.dropped() != 1 {
		t.Errorf("got %q, %d dropped, want the gap and the second line, 1 dropped", found, log.dropped())
	}
}
