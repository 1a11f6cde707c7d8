package session

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"verbatim/hub"
	"verbatim/protocol"
)

// event is one of a stream, or a comment (data is then what stands behind the colon).
type event struct {
	id, kind, data, retry string
	comment, hasID        bool
}

// listener is somebody who reads a stream of events.
type listener struct {
	r    *testServer
	conn net.Conn
	in   *bufio.Reader
}

// listen opens a stream. The test server's listener knows WebSockets alone, so that it has one of its own.
func (r *testServer) listen(e Events) *listener {
	r.t.Helper()
	here, there := net.Pipe()
	e.Head = []byte("HTTP/1.1 200 OK\r\n\r\n")
	if e.Conversation == "" {
		e.Conversation = "lobby"
	}
	r.ended.Go(func() { // ends with the test server
		RunEvents(r.sessions, &Conn{wire: newWire(there)}, r.env, e)
		r.errs <- nil
	})
	l := &listener{r, here, bufio.NewReader(here)}
	r.t.Cleanup(func() { _ = here.Close() })
	for line := " "; line != "\r\n"; {
		var err error
		if line, err = l.in.ReadString('\n'); err != nil {
			r.t.Fatalf("the head: %v", err)
		}
	}
	return l
}

// next reads an event, as WHATWG HTML, 9.2.6 has it.
func (l *listener) next() (e event, err error) {
	for {
		line, err := l.in.ReadString('\n')
		if err != nil {
			return e, err
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			return e, nil
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "":
			e.comment, e.data = true, value
		case "id":
			e.id, e.hasID = value, true
		case "event":
			e.kind = value
		case "data":
			e.data += value
		case "retry":
			e.retry = value
		default:
			l.r.t.Fatalf("the line %q", line)
		}
	}
}

// entry reads the next event that is an entry.
func (l *listener) entry() event {
	l.r.t.Helper()
	for {
		e, err := l.next()
		if err != nil {
			l.r.t.Fatalf("an entry: %v", err)
		}
		if e.id != "" {
			return e
		}
	}
}

func seqs(from, to protocol.Seq) (ids []string) {
	for ; from <= to; from++ {
		ids = append(ids, fmt.Sprint(from))
	}
	return ids
}

func (l *listener) ids(n int) (ids []string) {
	l.r.t.Helper()
	for range n {
		e := l.entry()
		want := `{"type":"message","conversation":"lobby","seq":` + e.id + `,`
		if !strings.HasPrefix(e.data, want) || e.kind != "" {
			l.r.t.Errorf("the event %+v, want the entry as its data", e)
		}
		ids = append(ids, e.id)
	}
	return ids
}

func after(seq uint64) protocol.Number { return protocol.Number{Value: seq, Set: true} }

func TestAStreamOfEventsIsTheEntriesAndThenLiveOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann := r.enter("ann")
		say := func(n int) {
			for range n {
				ann.send("hi")
				ann.expect("ack")
			}
		}
		say(10)
		newest := r.listen(Events{Limit: 3})
		all := r.listen(Events{After: after(0)})
		rest := r.listen(Events{After: after(10)})
		for l, want := range map[*listener]string{
			newest: `"first":8,"last":10`, all: `"first":1,"last":10`, rest: `"first":11,"last":10`,
		} {
			if e, err := l.next(); err != nil || e.retry == "" {
				t.Errorf("first came %+v, %v, want retry", e, err)
			} else if ms, err := strconv.Atoi(e.retry); err != nil || ms < 1000 || ms > 5000 {
				t.Errorf("retry: got %s ms", e.retry)
			}
			e, err := l.next()
			if err != nil || e.kind != "record" || e.hasID ||
				!strings.Contains(e.data, want) || !strings.Contains(e.data, `"log":"`) {
				t.Errorf("then came %+v, %v, want the record with %s", e, err, want)
			}
		}
		say(2)
		for l, from := range map[*listener]protocol.Seq{newest: 8, all: 1, rest: 11} {
			if got, want := l.ids(int(13-from)), seqs(from, 12); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	})
}

func TestAStreamOfAConversationThatDoesNotExistYetBeginsWithItsFirstEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		l := r.listen(Events{Limit: 50})
		_, _ = l.next()
		if e, err := l.next(); err != nil || e.data != `{"type":"record","conversation":"lobby","first":1,"last":0}` {
			t.Errorf("got %+v, %v", e, err)
		}
		ann := r.dial("ann", "")
		ann.send("hi")
		if e := l.entry(); e.id != "1" || !strings.Contains(e.data, `"log":"`) {
			t.Errorf("got %+v", e)
		}
		if n := r.env.Hub.Online("lobby"); n != 0 {
			t.Errorf("who listens counts as online: %d", n)
		}
	})
}

// A listener that stops and goes on gets every entry once and in order, wherever each is found: ring, history or
// record.
func TestASlowListenerSeesNoSeam(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		const entries = 4000
		ann := r.dial("ann", "")
		text := strings.Repeat("x", 700) // all together 3 MB: three times the ring
		quick, slow := r.listen(Events{After: after(0)}), r.listen(Events{After: after(0)})
		go func() { // the test's; ends with its sends
			for range entries {
				ann.say(`{"type":"send","conversation":"lobby","text":"` + text + `"}`)
			}
		}()
		if got := quick.ids(entries); !slices.Equal(got, seqs(1, entries)) {
			t.Error("who reads at once: the entries are not 1, 2, 3, …")
		}
		time.Sleep(20 * time.Second) // within the write timeout
		if got := slow.ids(entries); !slices.Equal(got, seqs(1, entries)) {
			t.Error("who reads late: the entries are not 1, 2, 3, …")
		}
	})
}

func TestAListenerThatTakesNothingIsClosedAfterTheWriteTimeoutAndHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ends []End
		r := open(t, func(e *Env, _ *hub.Options) { e.Ended = func(end End) { ends = append(ends, end) } })
		ann := r.enter("ann")
		stuck := r.listen(Events{After: after(0)})
		for range 2 {
			_, _ = stuck.next()
		}
		began := time.Now()
		for range 1000 {
			ann.send("hi")
			ann.expect("ack")
		}
		if d := time.Since(began); d > time.Second {
			t.Errorf("others waited for it: %v", d)
		}
		<-r.errs
		if d := time.Since(began); d < 30*time.Second || d > 33*time.Second {
			t.Errorf("closed after %v, want about 30 s", d)
		}
		if len(ends) != 1 || ends[0].Reason != ReasonStalled {
			t.Errorf("its end: got %+v", ends)
		}
	})
}

func TestASilentStreamHasAHeartbeatAndNoticesThatItsClientIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		l := r.listen(Events{Limit: 50})
		began, beats := time.Now(), 0
		for time.Since(began) < 2*time.Minute {
			if e, err := l.next(); err != nil {
				t.Fatal(err)
			} else if e.comment {
				beats++
			}
		}
		if beats < 7 || beats > 9 {
			t.Errorf("%d comments in two minutes, want one every 15 s", beats)
		}
		_ = l.conn.Close()
		<-r.errs
		if n := r.env.Counters.Streams.Load(); n != 0 {
			t.Errorf("%d streams are left", n)
		}
		if n := r.env.Hub.Stats().Members; n != 0 {
			synctest.Wait()
			if n = r.env.Hub.Stats().Members; n != 0 {
				t.Errorf("%d members are left", n)
			}
		}
	})
}

func TestADrainEndsAStreamWithATimeOfItsOwnToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann := r.enter("ann")
		var all []*listener
		for range 5 {
			all = append(all, r.listen(Events{After: after(0)}))
		}
		ann.send("hi")
		ann.expect("ack")
		for _, l := range all {
			l.ids(1)
		}
		done := make(chan struct{})
		go func() { // the test's; ends with the last departure
			defer close(done)
			r.env.Drain(context.Background(), oneByOne)
		}()
		retries := map[string]bool{}
		for _, l := range all {
			retry := ""
			for {
				e, err := l.next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if e.retry != "" {
					retry = e.retry
				}
			}
			retries[retry] = true
		}
		<-done
		if len(retries) != len(all) || retries[""] {
			t.Errorf("told to come back at %v, want each at a time of its own", retries)
		}
	})
}

func TestADrainDoesNotWaitForAListenerThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann := r.enter("ann")
		r.listen(Events{After: after(0)}) // reads no event
		for range 100 {
			ann.send(strings.Repeat("x", 1000))
			ann.expect("ack")
		}
		began := time.Now()
		r.env.Drain(context.Background(), oneByOne)
		<-r.errs
		<-r.errs
		if d := time.Since(began); d > 7*time.Second {
			t.Errorf("it was there for %v, want about 5 s", d)
		}
	})
}

func TestWhoKnowsAnotherRecordIsToldSoAndForgetsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann := r.enter("ann")
		ann.send("hi")
		ann.expect("ack")
		l := r.listen(Events{Limit: 50, Reset: true})
		_, _ = l.next()
		e, err := l.next()
		if err != nil || e.kind != "reset" || !e.hasID || e.id != "" || !strings.Contains(e.data, `"code":"reset"`) {
			t.Errorf("got %+v, %v, want reset, and the last event's id taken away", e, err)
		}
		if e, err := l.next(); err != nil || e.kind != "record" {
			t.Errorf("got %+v, %v", e, err)
		}
		if got := l.ids(1); got[0] != "1" {
			t.Errorf("got %v", got)
		}
	})
}

// A client that vanished answers nothing. What its TCP has not acknowledged for the write timeout it never will; one
// that acknowledges a little now and then is slow.
func TestAVanishedListenerIsKnownByWhatItDoesNotAcknowledge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		here, there := net.Pipe()
		t.Cleanup(func() { _ = here.Close() })
		go func() { _, _ = io.Copy(io.Discard, here) }() // the test's; ends with the pipe
		acked, owed := uint64(1000), uint32(0)
		s := &stream{
			env: r.env, conn: &Conn{wire: newWire(there)}, tookAt: time.Now(),
			progress: func() (uint64, uint32) { return acked, owed },
		}
		beats := func(n int) (err error) {
			for ; n > 0 && err == nil; n-- {
				time.Sleep(lookEvery)
				err = s.look()
			}
			return err
		}
		if err := beats(100); err != nil {
			t.Errorf("it owes nothing: %v", err)
		}
		owed = 3
		for range 100 {
			acked++
			if err := beats(1); err != nil {
				t.Fatalf("it is slow: %v", err)
			}
		}
		began := time.Now()
		if err := beats(100); !errors.Is(err, errStalled) {
			t.Errorf("it acknowledges nothing: %v", err)
		}
		if d := time.Since(began); d < 30*time.Second || d > 36*time.Second {
			t.Errorf("it was given %v, want 30 s and a look", d)
		}
		_ = there.Close()
	})
}
