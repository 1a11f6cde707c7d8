package logging

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

// sink is what an AsyncWriter writes to: each Write takes a step that the test allows, and may fail.
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
	o := NewAsyncWriter(to, gapLine)
	long := strings.Repeat("x", 1000) + "\n"
	const written = 3000 // 3 MB
	o.Say(long)
	<-to.began // from here on nothing is taken
	for range written - 1 {
		o.Say(long)
	}
	dropped := o.Dropped()
	if kept := (written - dropped) * int64(len(long)); kept > maxWaiting || kept < maxWaiting/2 {
		t.Errorf("%d bytes wait, want about %d", kept, maxWaiting)
	}
	close(to.steps)
	o.Flush()
	o.Say("after\n")
	o.Flush()
	want := strings.Repeat(long, int(written-dropped)) + string(gapLine(int(dropped))) + "after\n"
	if got := to.String(); got != want {
		t.Errorf("got %d bytes that end with %.100q, want %d: what was kept, the gap, and what came after",
			len(got), got[max(0, len(got)-100):], len(want))
	}
}

func TestLinesThatCouldNotBeWrittenAreCountedAndLeaveAGap(t *testing.T) {
	t.Parallel()
	to := &sink{steps: make(chan error, 3), most: 2}
	o := NewAsyncWriter(to, gapLine)
	to.steps <- syscall.ENOSPC // breaks off within the line
	o.Say("one\n")
	o.Flush()
	to.steps <- syscall.ENOSPC // the gap
	to.steps <- syscall.ENOSPC
	o.Say("two\n")
	o.Flush()
	if got := o.Dropped(); got != 2 {
		t.Errorf("dropped: got %d, want 2", got)
	}
	close(to.steps)
	o.Say("three\n")
	o.Flush()
	// What is left of a line that broke off stands on a line of its own.
	if got, want := to.String(), "on\n(\nt\n(2 lost)\nthree\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAPipeThatDoesNotBlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		to := &sink{steps: make(chan error, 2), most: 2}
		o := NewAsyncWriter(to, gapLine)
		to.steps <- syscall.EAGAIN
		to.steps <- syscall.EAGAIN
		close(to.steps)
		o.Say("one line\n")
		if !o.Flush() {
			t.Error("it was not flushed")
		}
		if got := to.String(); got != "one line\n" || o.Dropped() != 0 {
			t.Errorf("got %q, %d dropped, want the line", got, o.Dropped())
		}
	})
}

func TestAFlushGivesUpOnWhatTakesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		o := NewAsyncWriter(w, gapLine)
		o.Say("one\n")
		o.Say("two\n")
		began := time.Now()
		if o.Flush() {
			t.Error("flush says that all was written")
		}
		if took := time.Since(began); took != stallTimeout {
			t.Errorf("flush took %v, want %v", took, stallTimeout)
		}
		// One that takes a line now and then is waited for.
		go func() { // the test's; ends with the second line
			var got [4]byte
			for range 2 {
				time.Sleep(stallTimeout - time.Millisecond)
				_, _ = io.ReadFull(r, got[:])
			}
		}()
		if !o.Flush() {
			t.Error("flush gave up on a slow reader")
		}
	})
}

func TestTheLogSaysHowManyLinesWereLost(t *testing.T) {
	t.Parallel()
	to := &sink{steps: make(chan error, 1)}
	log := newLogger(Options{Level: "info", Format: "json"}, to)
	to.steps <- errors.New("no")
	log.Info().Msg("lost")
	log.Close()
	close(to.steps)
	log.Info().Msg("kept")
	log.Close()
	found := bytes.Split(bytes.TrimSpace([]byte(to.String())), []byte("\n"))
	if len(found) != 2 || !bytes.Contains(found[0], []byte(`"lost":1`)) || !bytes.Contains(found[1], []byte("kept")) || log.Dropped() != 1 {
		t.Errorf("got %q, %d dropped, want the gap and the second line, 1 dropped", found, log.Dropped())
	}
}
