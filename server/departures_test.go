package server

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestTheMoreSessionsTheWiderADrainSpreadsThem(t *testing.T) {
	for _, row := range []struct {
		n                   int
		drain, leave, apart time.Duration // how long the leaving takes, and how far apart the first and the last come back
	}{
		{1, 10 * time.Second, 0, 0},
		{2, 10 * time.Second, 250 * time.Millisecond, time.Second},
		{10, 400 * time.Millisecond, 100 * time.Millisecond, time.Second},
		{100, 10 * time.Second, 250 * time.Millisecond, time.Second},
		{1000, 10 * time.Second, time.Second, 3334 * time.Millisecond},
		{10_000, 10 * time.Second, 2500 * time.Millisecond, 7500 * time.Millisecond},
		{10_000, time.Second, 250 * time.Millisecond, 7500 * time.Millisecond},
		{10_000, 0, 0, 7500 * time.Millisecond},
		{60_000, time.Minute, 15 * time.Second, 40 * time.Second},
	} {
		departure := departures(row.drain)
		var comes []time.Duration // from the moment when the last has left
		before := time.Duration(0)
		for i := range row.n {
			d := departure(i, row.n)
			if d.At < before || d.At > row.leave {
				t.Fatalf("%d of %d within %v: leaves after %v, want from %v to %v", i, row.n, row.drain, d.At, before, row.leave)
			}
			before = d.At
			comes = append(comes, d.At+d.Retry-row.leave)
		}
		first, last := slices.Min(comes), slices.Max(comes)
		if first < restart || first > 2*mostRestart || last-first > row.apart {
			t.Errorf("%d within %v: they come back from %v to %v, want within %v", row.n, row.drain, first, last, row.apart)
		}
		if half := row.apart / 2; row.n >= 10 && last-first < half {
			t.Errorf("%d within %v: they come back within %v, want %v at least", row.n, row.drain, last-first, half)
		}
		if row.n >= 10_000 {
			if most := mostInASecond(comes); most > row.n/5 {
				t.Errorf("%d within %v: %d come back within a second, want a fifth at most", row.n, row.drain, most)
			}
			if row.n == 10_000 && last > 9*time.Second {
				t.Errorf("the last of %d comes back after %v", row.n, last)
			}
		}
	}
}

// mostInASecond is how many of the moments lie within a second, wherever it begins.
func mostInASecond(moments []time.Duration) (most int) {
	moments = slices.Sorted(slices.Values(moments))
	begin := 0
	for end := range moments {
		for moments[end]-moments[begin] >= time.Second {
			begin++
		}
		most = max(most, end-begin+1)
	}
	return most
}

func TestADrainTellsEachOfManySessionsItsOwnTimeToComeBack(t *testing.T) {
	t.Parallel()
	for _, crowd := range []int{20, 400} {
		tellsEachItsOwnTime(t, crowd)
	}
}

// toldLate is what the server says, in seconds, if it was so busy that the client's moment has passed.
const toldLate = 0.1

func tellsEachItsOwnTime(t *testing.T, crowd int) {
	ts := serve(t)
	sockets := make([]*websocket.Conn, crowd)
	for i := range sockets {
		sockets[i], _ = ts.dial("join=lobby&name=user" + strconv.Itoa(i))
		ts.read(sockets[i])
	}
	ends := make(chan error, crowd)
	for _, c := range sockets {
		go func() { // the test's; ends with the session
			for {
				if _, _, err := c.Read(t.Context()); err != nil {
					ends <- err
					return
				}
			}
		}()
	}
	ts.stop()
	told := map[string]int{} // by what they were told, how many
	for range crowd {
		var end websocket.CloseError
		if err := <-ends; !errors.As(err, &end) || end.Code != websocket.StatusGoingAway {
			t.Fatalf("a session ended with %v, want 1001", err)
		}
		_, retry, _ := strings.Cut(end.Reason, " retry_after=")
		told[retry]++
	}
	for retry, n := range told {
		seconds, err := strconv.ParseFloat(retry, 64)
		if err != nil || seconds < toldLate || seconds > 4 {
			t.Errorf("%d were told retry_after=%s, want up to 4 seconds", n, retry)
		}
		if n > crowd/5 && seconds > toldLate {
			t.Errorf("%d of %d were told to come back at the same time, after %s", n, crowd, retry)
		}
	}
	if ts.sessions.Count() != 0 {
		t.Errorf("%d sessions are left", ts.sessions.Count())
	}
}

// aSecondAtMost matches the reason that a single session gets: a second from the beginning of the drain.
var aSecondAtMost = regexp.MustCompile(` retry_after=(1\.0|0\.[1-9])$`)

func TestADrainThatHasNoTimeStillTellsEachItsOwnTimeToComeBack(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--drain-timeout", "1s")
	c, _ := ts.dial("name=ann")
	ts.read(c)
	ended := make(chan struct{})
	go func() { defer close(ended); ts.stop() }() // ends with the drain
	if reason := ts.closed(c, websocket.StatusGoingAway); !aSecondAtMost.MatchString(reason) {
		t.Errorf("one session of a short drain: %q", reason)
	}
	<-ended
}

func TestADrainOfNoTimeIsTakenNoticeOf(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--drain-timeout", "0s")
	c, _ := ts.dial("name=ann")
	ts.read(c)
	ts.cancel()
	if reason := ts.closed(c, websocket.StatusGoingAway); !aSecondAtMost.MatchString(reason) {
		t.Errorf("got %q, want when to come back", reason)
	}
	ts.stop()
	if log := ts.log.String(); strings.Contains(log, "were cut") {
		t.Errorf("it did not wait until the client had taken it: %s", log)
	}
}
