package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"verbatim/promises"
	"verbatim/protocol"
)

// shape is what a drill's traffic is.
type shape struct {
	conversations int
	authors       int
	readers       int
	window        int           // sends of one author on their way at once
	every         time.Duration // of one author, between two windows; 0: as fast as the server acks
	size          int           // bytes of a text at most; 0: mostly short ones, some near 16 kB
	undisturbed   bool          // nobody may notice the fault (promise 8)
	prefix        string        // of the authors' and readers' names
}

// storm is traffic that leaves no moment unused.
var storm = shape{conversations: 4, authors: 6, readers: 4, window: 8, every: 40 * time.Millisecond}

// traffic is authors that send with ids and send again what was not acked, and readers that resume where they were,
// over as many connections as it takes. Its goroutines are its own, and gone after stop.
type traffic struct {
	shape
	r             *run
	s             *server
	checker       *promises.Checker
	conversations []protocol.ConversationID
	http          *http.Client
	ctx           context.Context
	cancel        context.CancelFunc
	authors       sync.WaitGroup
	readers       sync.WaitGroup
	quiet         chan struct{} // closed when the authors are to stop
	hush          sync.Once
	entry         func(raw []byte) // told of each entry that comes; nil: nobody. Fixed before the clients begin
	names         *atomic.Int64    // of a history: a session's is used once
	acked         atomic.Int64
	eased         atomic.Bool // the authors are those of a storm from now on, whatever the shape says

	mu       sync.Mutex // guards what follows; held while the checker is told, so that a fence is exact
	faults   int        // how often a fault ended that takes connections
	harming  bool       // one is under way
	why      string     // the newest of them
	dark     bool       // a power cut is under way: nothing that comes counts
	fences   int        // power cuts that are over
	sessions map[*session]bool

	measuring sync.Mutex
	latency   *hdrhistogram.Histogram // µs from a send to its ack, of first sendings
}

// begin starts traffic against a server.
func (r *run) begin(s *server, of shape) (*traffic, error) {
	t, err := r.newTraffic(s, of)
	if err != nil {
		return nil, err
	}
	t.run()
	return t, nil
}

// run lets the clients begin.
func (t *traffic) run() {
	for i := range t.shape.authors {
		t.authors.Go(func() { t.author(fmt.Sprintf("%sauthor-%d", t.prefix, i), i) })
	}
	for i := range t.shape.readers {
		t.readers.Go(func() { t.reader(fmt.Sprintf("%sreader-%d", t.prefix, i), t.conversations) })
	}
}

// join starts further traffic in this one's history: other clients, which may meet with other faults.
func (t *traffic) join(of shape, through *http.Client) *traffic {
	u := &traffic{
		shape: of, r: t.r, s: t.s, checker: t.checker, http: through, names: t.names, quiet: make(chan struct{}),
		sessions: map[*session]bool{}, latency: newHistogram(),
	}
	u.nameConversations()
	u.ctx, u.cancel = context.WithCancel(t.ctx)
	t.r.later(u.stop)
	u.run()
	return u
}

func (t *traffic) nameConversations() {
	for i := range t.shape.conversations {
		t.conversations = append(t.conversations, protocol.ConversationID(fmt.Sprintf("room-%d", i)))
	}
}

// newTraffic makes one without clients.
func (r *run) newTraffic(s *server, of shape) (*traffic, error) {
	t := &traffic{
		shape: of, r: r, s: s, http: httpClient, names: &atomic.Int64{}, quiet: make(chan struct{}),
		sessions: map[*session]bool{}, latency: newHistogram(),
	}
	o := promises.Options{Undisturbed: of.undisturbed}
	if r.log != "" {
		f, err := os.Create(filepath.Join(r.log, fmt.Sprintf("%s-%d.jsonl", r.name, len(r.checkers)+1)))
		if err != nil {
			return nil, err
		}
		w := bufio.NewWriterSize(f, 1<<20)
		o.Log = w
		r.later(func() {
			if err := w.Flush(); err != nil {
				r.miss("the history could not be written: %v", err)
			}
			_ = f.Close() // it was flushed
		})
	}
	t.checker = promises.New(o)
	t.nameConversations()
	t.ctx, t.cancel = context.WithCancel(r.ctx)
	r.checkers = append(r.checkers, t.checker)
	r.later(t.stop)
	return t, nil
}

// stop ends it at once.
func (t *traffic) stop() {
	t.cancel()
	t.authors.Wait()
	t.readers.Wait()
}

func (t *traffic) newName(user string) string { return fmt.Sprintf("%s#%d", user, t.names.Add(1)) }

func (t *traffic) now() (faults, fences int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.faults, t.fences
}

// tell tells the checker of a session's event; false where a power cut has begun since the session was dialed.
func (t *traffic) tell(s *session, e promises.Event) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dark || s.fences != t.fences {
		return false
	}
	switch e.Kind {
	case promises.Open:
		t.sessions[s] = true
	case promises.Lost:
		delete(t.sessions, s)
	}
	e.Session = s.name
	t.checker.Add(e)
	return true
}

// excuse is the fault that took a session's connection, if there was one since it was dialed.
func (t *traffic) excuse(s *session) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.ctx.Err() != nil:
		return "the client ended"
	case t.harming || s.faults != t.faults:
		return t.why
	}
	return ""
}

// disturb does what takes connections. Those that were made before its end are excused.
func (t *traffic) disturb(why string, harm func()) {
	t.mu.Lock()
	t.harming, t.why = true, why
	t.mu.Unlock()
	harm()
	t.mu.Lock()
	t.harming = false
	t.faults++
	t.mu.Unlock()
}

// darken does what makes the server's word worthless while it lasts: for the checker all sessions end before it, and
// what comes over any connection that was made before its end does not count.
func (t *traffic) darken(why string, harm func()) {
	t.mu.Lock()
	for s := range t.sessions {
		t.checker.Add(promises.Event{Kind: promises.Lost, Session: s.name, Reason: why})
	}
	clear(t.sessions)
	t.dark = true
	t.mu.Unlock()
	harm()
	t.mu.Lock()
	t.dark = false
	t.fences++
	t.mu.Unlock()
}

// hangUp breaks all connections at the clients' end.
func (t *traffic) hangUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for s := range t.sessions {
		_ = s.conn.CloseNow() // its goroutine finds out
	}
}

// latencies are bounded; what is longer counts as the longest.
const maxLatency = int64(time.Minute / time.Microsecond)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, maxLatency, 3) }

func (t *traffic) took(d time.Duration) {
	t.measuring.Lock()
	defer t.measuring.Unlock()
	_ = t.latency.RecordValue(min(max(int64(d/time.Microsecond), 1), maxLatency)) // within its range
}

// measured takes the latencies since the last call.
func (t *traffic) measured() *hdrhistogram.Histogram {
	t.measuring.Lock()
	defer t.measuring.Unlock()
	h := t.latency
	t.latency = newHistogram()
	return h
}

// milli is a percentile in words.
func milli(h *hdrhistogram.Histogram, percentile float64) string {
	return fmt.Sprintf("%.1f ms", float64(h.ValueAtPercentile(percentile))/1000)
}
