package session

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// keepAlive pings after a silence, and closes after another one. Its clock stops while the session itself does not
// read, and while the ping waits for the socket, which is the write timeout's affair. It is one timer for each session,
// which fires once a silence; no goroutine waits for it.
type keepAlive struct {
	paused  atomic.Bool // the session does not read
	mu      sync.Mutex  // look holds it while it takes outbound.mu; the order is never the other way round
	timer   *time.Timer // guarded by mu
	stopped bool        // guarded by mu
	pinged  int64       // when the ping became due that is not answered yet (sinceStart); 0: none is; guarded by mu
}

// errSilent ends a connection from which nothing came, our ping notwithstanding.
var errSilent = errors.New("the client was silent and did not answer a ping")

func (k *keepAlive) start(o *outbound) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.timer = time.AfterFunc(o.env.Limits.Ping, func() { k.look(o) })
}

func (k *keepAlive) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stopped = true
	k.timer.Stop()
}

// look runs in the timer's own goroutine and waits for nothing.
func (k *keepAlive) look(o *outbound) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stopped {
		return
	}

	silence := o.env.Limits.Ping
	heard := o.conn.wire.heard.Load()
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
	case k.pinged != 0 && o.pingWaits() < silence:
		k.timer.Reset(silence - o.pingWaits())
	case k.pinged != 0 && !o.conn.wire.takes(o.owes()):
		o.fail(errSilent)
	default:
		k.pinged = sinceStart()
		o.conn.wire.takes(false) // remember how far it has come
		o.ping()
		k.timer.Reset(silence)
	}
}

// pingWaits returns how long ago the ping went out, or 0 if it is still to go.
func (o *outbound) pingWaits() time.Duration {
	if out := o.pingedAt.Load(); out != 0 {
		return time.Duration(sinceStart() - out)
	}
	return 0
}

// pause stops the clock while the session waits for room or for its rate; resume starts it again, from zero.
func (k *keepAlive) pause() { k.paused.Store(true) }

func (k *keepAlive) resume(l *link) {
	l.conn.wire.heard.Store(sinceStart())
	k.paused.Store(false)
}
