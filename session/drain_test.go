package session

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"verbatim/protocol"
)

// step is the time between two departures of these tests.
const step = 100 * time.Millisecond

// oneByOne is a drain in which each has its own moment, and is told which one it is: the i-th after i+1 steps.
func oneByOne(i, _ int) Departure {
	return Departure{At: time.Duration(i) * step, Retry: time.Duration(i+1) * step}
}

// place is which one of oneByOne this client was, as the close reason tells.
func (c *client) place() int {
	c.r.t.Helper()
	var closed websocket.CloseError
	if !errors.As(c.end, &closed) || closed.Code != websocket.StatusGoingAway {
		c.r.t.Fatalf("%s: got %v, want 1001", c.name, c.end)
	}
	told := regexp.MustCompile(` retry_after=(\d+\.\d)$`).FindStringSubmatch(closed.Reason)
	if told == nil {
		c.r.t.Fatalf("%s: the reason is %q, want retry_after= at its end", c.name, closed.Reason)
	}
	seconds, err := strconv.ParseFloat(told[1], 64)
	if err != nil {
		c.r.t.Fatal(err)
	}
	return int(seconds*10+0.5) - 1
}

func TestADrainSendsItsSessionsAwayOneAfterTheOtherAndEachWorksUntilThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		const crowd = 40
		var all []*client
		for i := range crowd {
			all = append(all, r.enter(fmt.Sprint("user", i)))
		}
		began := time.Now()
		drained := make(chan struct{})
		go func() { // the test's; ends with the last departure
			defer close(drained)
			r.env.Drain(context.Background(), oneByOne)
		}()
		left := make(chan time.Duration, crowd)
		const here = -1 // the first leaves at 0
		ended := slices.Repeat([]time.Duration{here}, crowd)
		for i, c := range all {
			go func() { // the test's, which waits for each below; ends with its connection
				c.hears(time.Hour)
				ended[i] = time.Since(began)
				left <- ended[i]
			}()
		}
		time.Sleep(crowd/2*step - step/2)
		synctest.Wait()
		if gone := len(left); gone != crowd/2 {
			t.Errorf("%d have left at half time, want %d", gone, crowd/2)
		}
		speaker := all[0]
		for i, c := range all {
			if ended[i] == here {
				speaker = c
			}
		}
		speaker.send("still here")
		synctest.Wait()
		if tail, err := r.env.Store.Tail("lobby"); err != nil || tail.Last != 1 {
			t.Errorf("a send while others leave: the last seq is %d, %v", tail.Last, err)
		}
		for range crowd {
			<-left
		}
		<-drained
		seen := map[int]bool{}
		for i, c := range all {
			place := c.place()
			if seen[place] {
				t.Errorf("two were told to come back at the same time, %v", time.Duration(place+1)*step)
			}
			seen[place] = true
			if at := time.Duration(place) * step; ended[i] < at || ended[i] >= at+step {
				t.Errorf("the %d. left after %v, want %v", place, ended[i], at)
			}
		}
	})
}

func TestWhileOthersLeaveAnAuthorIsAckedAndAReaderReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann, bob := r.enter("ann"), r.enter("bob")
		go func() { // the test's; ends with the last departure
			r.env.Drain(context.Background(), func(int, int) Departure {
				// Between two pings: over a pipe, a pong to a session that reads no more would wait for ever.
				return Departure{At: 45 * time.Second, Retry: step}
			})
		}()
		time.Sleep(time.Second)
		ann.send("hello")
		ann.expect("ack")
		if s := bob.expect("message"); s.Text != "hello" {
			t.Errorf("bob reads %s", s.raw)
		}
		ann.hears(time.Hour)
		bob.hears(time.Hour)
		if ann.place() != 0 || bob.place() != 0 {
			t.Error("both leave in the end")
		}
	})
}

func TestWhenADrainsTimeIsOverAllLeaveAtThatMomentAndWhoComesLaterToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		all := []*client{r.enter("ann"), r.enter("bob"), r.enter("eve")}
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), step*3/2)
		defer cancel()
		r.env.Drain(ctx, oneByOne)
		if took := time.Since(began); took != step*3/2 {
			t.Errorf("it took %v, want the %v that it had", took, step*3/2)
		}
		for _, c := range append(all, r.dial("zoe", "")) {
			c.hears(time.Second)
			c.place()
		}
	})
}

// A busy server tells some later than it meant to. They come back when they were to all the same: else the crowd that
// the drain has spread gathers again.
func TestAClientThatIsToldLateIsAskedBackAtTheSameMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := &Env{Limits: &protocol.Limits{}}
		l := &asked{bye: make(chan *farewell, 1)}
		env.reading.add(t.Context(), l)
		env.Drain(t.Context(), func(int, int) Departure { return Departure{At: time.Second, Retry: 5 * time.Second} })
		bye := <-l.bye
		for _, want := range []string{"5.0", "2.0", "0.1", "0.1"} {
			if got := bye.text(); !strings.HasSuffix(got, " retry_after="+want) {
				t.Errorf("the reason is %q, want retry_after=%s at its end", got, want)
			}
			if s := strconv.FormatFloat(bye.refusal().RetryAfter.Seconds(), 'f', 1, 64); s != want {
				t.Errorf("a request is put off by %s, want %s", s, want)
			}
			time.Sleep(3 * time.Second)
		}
	})
}

// asked is a leaver that passes on what it is told.
type asked struct{ bye chan *farewell }

func (*asked) of() protocol.UserID { return "ann" }

func (l *asked) dismiss(bye *farewell) {
	select {
	case l.bye <- bye:
	default:
	}
}
