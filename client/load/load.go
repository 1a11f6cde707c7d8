// Package load is `verbatim load`: it puts load on a running server, checks every message at every reader, and reports
// what it measured.
//
// Each publisher numbers its messages 1, 2, 3, …, and a message's id says whose it is, its number and when it was due.
// So the first bytes of an entry tell a reader that nothing of that publisher is missing, doubled or out of order, and
// how long it took. No table is shared, and a delivery allocates nothing. At the end each reader is compared with what
// was acknowledged, and all readers of a conversation with each other (by a hash of their order).
//
// # Concurrency
//
// Each socket is a client.Client, which owns its goroutines. What a member has seen belongs to its client's Handler
// until the client is closed. The goroutine of Run leads: connect, warm up, measure, drain, close, check. Beside it
// are the pacer (of an open loop) and the one that breaks connections; both end with the publishing, and Run waits
// for them.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"
)

// ErrRefused says that nothing was published, and so nothing was tested.
var ErrRefused = errors.New("load: not begun")

// Run puts load on the server and returns its report, whose Violations say what was wrong. It writes a line of
// progress to progress, over and over, unless that is nil. An error that wraps ErrRefused says that nothing was
// published. If ctx ends, only the publishing ends: Run still waits for what is under way, and reports. Call it from
// one goroutine at a time: it changes the process's garbage collection while it runs.
func Run(ctx context.Context, o Options, progress io.Writer) (*Report, error) {
	if err := o.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // memory for time: the generator shares the machine
	r := newRun(o, progress)
	defer r.closeAll()
	warning, err := r.connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	report := r.measure(ctx)
	report.Warning = warning
	r.drain()
	r.closeAll()
	r.check()
	r.finish(report)
	return report, nil
}

// drain waits until every message is acknowledged and every member has seen it, at most until the deadline.
func (r *run) drain() {
	end := time.Now().Add(r.o.Deadline)
	for _, m := range r.members {
		for (!m.allAcked() || m.got.Load() < m.conversation.acked.Load()) && time.Now().Before(end) {
			r.show("waiting for what is on its way: %v", time.Until(end).Round(time.Second))
			pauseUntil(context.Background(), time.Now().Add(2*time.Millisecond))
		}
	}
}

// closeAll ends all clients and waits for them. What their Handlers owned then belongs to Run.
func (r *run) closeAll() {
	var closing sync.WaitGroup
	for _, m := range r.members {
		if m.client != nil {
			closing.Go(m.close) // Run's, which waits for it below; ends with the client
		}
	}
	closing.Wait()
}
