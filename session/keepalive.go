package session

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// keepAlive pings after a silence, and closes after another one. Its clock stands still while the session itself does
// not read, and while the ping waits for the socket, which the write timeout judges. One timer a session, which fires
// once a silence; no goroutine waits for it.
type keepAlive struct {
	paused atomic.Bool  // the session does not read
	out    atomic.Int64 // when the newest ping went out (sinceStart); 0: it is still to go

	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
	pinged  int64 // when the ping became due that is not answered yet (sinceStart); 0: none is
}

// errSilent ends a connection from which nothing came, our ping notwithstanding.
var errSilent = errors.New("the client was silent and did not answer a ping")

func (k *keepAlive) start(s *Session) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.timer = time.AfterFunc(s.env.Limits.Ping, func() { k.look(s) })
}

func (k *keepAlive) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stopped = true
	k.timer.Stop()
}

// look runs in the timer's own goroutine and waits for nothing.
func (k *keepAlive) look(s *Session) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stopped {
		return
	}
	silence := s.env.Limits.Ping
	heard := s.conn.wire.heard.Load()
	if heard >= k.pinged {
		k.pinged = 0
	}
	silent := time.Duration(sinceStart() - heard)
	switch {
	case k.paused.Load():
		k.pinged = 0
		k.timer.Reset(silence)
	case silent < silence:
		k.timer.Reset(silence - silent)
	case k.pinged != 0 && k.waits() < silence:
		k.timer.Reset(silence - k.waits())
	case k.pinged != 0 && !s.conn.wire.takes(s.owes()):
		s.fail(errSilent)
	default:
		k.pinged = sinceStart()
		k.out.Store(0)
		s.conn.wire.takes(false) // remember how far it has come
		s.mu.Lock()
		s.pingDue = true
		s.mu.Unlock()
		s.wake()
		k.timer.Reset(silence)
	}
}

// waits is for how long the client has had the ping.
func (k *keepAlive) waits() time.Duration {
	if out := k.out.Load(); out != 0 {
		return time.Duration(sinceStart() - out)
	}
	return 0
}

// owes says whether entries are still to be written, and perhaps being fetched.
func (s *Session) owes() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.turns) > 0 || s.blocks > 0 || s.woken.Load() != nil
}

// pause stops the clock while the session waits for room or for its rate; resume starts it anew.
func (k *keepAlive) pause() { k.paused.Store(true) }

func (k *keepAlive) resume(s *Session) {
	s.conn.wire.heard.Store(sinceStart())
	k.paused.Store(false)
}
