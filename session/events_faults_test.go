package session

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"verbatim/hub"
	"verbatim/persistence"
	"verbatim/persistence/disk"
	"verbatim/protocol"
)

// unreadable is a record that cannot tell its tails for a while.
type unreadable struct {
	persistence.Record
	broken atomic.Bool
}

func (u *unreadable) Tail(id protocol.ConversationID) (persistence.Tail, error) {
	if u.broken.Load() {
		return persistence.Tail{}, errors.New("the disk is away")
	}
	return u.Record.Tail(id)
}

// What stands between closes an answer that has not begun, or is silent for long.
func TestAStreamHasItsHeadAndComments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &unreadable{}
		r := open(t, func(e *Env, _ *hub.Options) {
			record, err := disk.Open(t.Context(), t.TempDir(), disk.Options{Log: zerolog.Nop(), SegmentSize: 1 << 20})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = record.Close() })
			u.Record = record
			e.Store = persistence.New(u, nil, 10, e.Log)
		})
		u.broken.Store(true)
		l := r.listen(Events{After: after(0)})
		_ = l.conn.SetReadDeadline(time.Now().Add(time.Hour))
		if e, err := l.next(); err != nil || e.retry == "" {
			t.Errorf("first came %+v, %v, want retry", e, err)
		}
		for range 3 {
			if e, err := l.next(); err != nil || !e.comment {
				t.Errorf("while nothing can be read: got %+v, %v, want a comment", e, err)
			}
		}
		u.broken.Store(false)
		e, err := l.next()
		for err == nil && e.comment {
			e, err = l.next()
		}
		if err != nil || e.kind != "record" {
			t.Errorf("got %+v, %v, want the record", e, err)
		}
	})
}

// An entry now and then fits into the kernel's buffer for long, though nobody takes it.
func TestAVanishedListenerIsKnownWhileEntriesCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		here, there := net.Pipe()
		t.Cleanup(func() { _ = here.Close() })
		t.Cleanup(func() { _ = there.Close() })
		said := 0
		go func() { // the test's; ends with the pipe
			n, _ := io.Copy(io.Discard, here)
			said = int(n)
		}()
		s := &stream{
			env: r.env, conn: &Conn{wire: newWire(there)}, tookAt: time.Now(),
			progress: func() (uint64, uint32) { return 1000, 70 },
		}
		s.acked = 1000
		var err error
		for looks := 0; err == nil; looks++ {
			if looks > 10 {
				t.Fatal("it owes for 50 s, and the stream lives")
			}
			time.Sleep(lookEvery)
			s.wrote = time.Now()
			err = s.look()
		}
		if !errors.Is(err, errStalled) {
			t.Errorf("got %v", err)
		}
		_ = there.Close()
		synctest.Wait()
		if said != 0 {
			t.Errorf("%d bytes of comments where there was no silence", said)
		}
	})
}

// reset is a connection whose reading ends with what the network says.
type reset struct {
	net.Conn
	err error
}

func (c *reset) Read([]byte) (int, error) { return 0, c.err }

func TestAStreamThatTheNetworkEndsIsLostAndOneThatItsClientEndsIsNot(t *testing.T) {
	for err, want := range map[error]Reason{
		syscall.ECONNRESET: ReasonLost, syscall.ETIMEDOUT: ReasonLost, io.EOF: ReasonClient,
	} {
		synctest.Test(t, func(t *testing.T) {
			ended := make(chan End, 1)
			r := open(t, func(e *Env, _ *hub.Options) { e.Ended = func(end End) { ended <- end } })
			here, there := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, here) }() // the test's; ends with the pipe
			e := Events{Conversation: "lobby", Head: []byte("HTTP/1.1 200 OK\r\n\r\n")}
			RunEvents(r.sessions, &Conn{wire: newWire(&reset{there, err})}, r.env, e)
			if end := <-ended; end.Reason != want {
				t.Errorf("%v: got %q, want %q", err, end.Reason, want)
			}
			_ = here.Close()
		})
	}
}

func TestARefusalOfALimitThatNoTimeChangesNamesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := make(chan Refusal, 10)
		r := open(t, func(e *Env, _ *hub.Options) {
			e.Limits.Joins = 1
			e.Refused = func(no Refusal) { refused <- no }
		})
		ann := r.enter("ann")
		ann.say(`{"type":"join","conversation":"other"}`)
		no := <-refused
		if no.Err.Code != protocol.CodeRateLimited || no.Err.RetryAfter != 0 ||
			!strings.Contains(no.Err.Reason, "at most 1") {
			t.Errorf("got %+v", no.Err)
		}
	})
}
