// Package load is `verbatim load`: it makes load on a running server, checks every message at every reader, and reports
// what it measured.
//
// Each publisher numbers its messages 1, 2, 3, …, and a message's id says whose it is, its number and when it was due. So
// a reader needs nothing but the entry's first bytes to know that nothing of that publisher is missing, doubled or out of
// order, and how long it took; no table is shared, and a delivery allocates nothing. At the end each reader is held to
// what was acknowledged, and all readers of a conversation to one order (a hash of it).
//
// # Concurrency
//
// One client a socket, whose goroutines are its own; what a member has seen belongs to its client's Handler until the
// client is closed. Run's goroutine leads: connect, warm, measure, drain, close, judge. Beside it there are the pacer
// (open loop) and the storm, both Run's, gone when the publishing ends.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"verbatim/client"
	"verbatim/protocol"
)

// ErrRefused is an error before anything was published: nothing was tested.
var ErrRefused = errors.New("load: not begun")

// run is one load test.
type run struct {
	o       Options
	id      string // 8 hex digits, in every message's id: what is not of this run is passed over
	text    string
	start   time.Time
	rooms   []*room
	members []*member
	shards  [shardCount]shard
	faults  faults
	tell    func(line string) // the live line; nil: nobody looks

	publishing atomic.Bool
	from, to   atomic.Int64 // the measured time, in ns since start: messages that were due in it count
	joined     atomic.Int64 // members that have joined
	why        atomic.Pointer[error]
	told       time.Time  // when the live line changed; owned by Run's goroutine
	random     *rand.Rand // owned by Run's goroutine until the publishing begins, then by the storm
}

// room is one conversation.
type room struct {
	id         protocol.ConversationID
	publishers []*member
	members    []*member
	acked      atomic.Uint64 // messages of this run
}

// Run makes the load and gives its report, whose Violations say what was wrong. progress takes the live line; nil:
// none. An error that is ErrRefused says that nothing was published. When ctx ends, the publishing does, and the rest
// (what is on its way, the report) follows.
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
	r.judge()
	r.finish(report)
	return report, nil
}

func newRun(o Options, progress io.Writer) *run {
	if o.Seed == 0 {
		o.Seed = rand.Uint64()>>1 | 1
	}
	r := &run{o: o, id: fmt.Sprintf("%08x", rand.Uint32()), start: time.Now(), random: rand.New(rand.NewPCG(o.Seed, 0))}
	r.text = words(r.random, o.Size)
	r.to.Store(1<<63 - 1)
	r.from.Store(1<<63 - 1)
	for i := range r.shards {
		r.shards[i] = newShard()
	}
	if progress != nil {
		r.tell = func(line string) { fmt.Fprintf(progress, "\r%s\x1b[K", line) }
	}
	for i := range o.Conversations {
		room := &room{id: protocol.ConversationID(fmt.Sprint(o.Prefix, i))}
		for j := range o.Members {
			m := newMember(r, room, len(r.members))
			if j < o.Publishers {
				m.place = len(room.publishers)
				room.publishers = append(room.publishers, m)
			}
			room.members = append(room.members, m)
			r.members = append(r.members, m)
		}
		for _, m := range room.members {
			m.seen = make([]uint32, len(room.publishers))
		}
		r.rooms = append(r.rooms, room)
	}
	return r
}

// words makes a text of so many bytes.
func words(random *rand.Rand, size int) string {
	some := []string{"the ", "server ", "keeps ", "every ", "word ", "in ", "order ", "on ", "a ", "durable ", "record "}
	text := ""
	for len(text) < size {
		text += some[random.IntN(len(some))]
	}
	return text[:size]
}

// now is nanoseconds since the start.
func (r *run) now() int64 { return int64(time.Since(r.start)) }

// atOnce is how many sockets may be connecting at one time.
const atOnce = 64

// connect has every member join, the first one alone: it finds out whether there is a server, and what it allows.
func (r *run) connect(ctx context.Context) (warning string, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.o.Ramp+r.o.Deadline)
	defer cancel()
	places := make(chan struct{}, atOnce)
	limits, err := r.scout(ctx)
	if err != nil {
		return "", err
	}
	if limits.Text < r.o.Size {
		return "", fmt.Errorf("--size %d: this server takes texts of up to %d bytes: give less, or start it with a greater --max-text", r.o.Size, limits.Text)
	}
	if limits.Rate > 0 && r.o.Publishers > 0 {
		warning = fmt.Sprintf("this server reads at most %d sends a second of each session, so that the figures may be its limit's: start it with --send-rate 0", limits.Rate)
	}
	for i, m := range r.members[1:] {
		if r.o.Ramp > 0 {
			due := time.Duration(float64(r.o.Ramp) * float64(i+1) / float64(len(r.members)))
			pauseUntil(ctx, r.start.Add(due))
		}
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		m.begin(func() { <-places })
		r.say("connecting: %d of %d sockets", r.joined.Load(), len(r.members))
	}
	for r.joined.Load() < int64(len(r.members)) && ctx.Err() == nil {
		pauseUntil(ctx, time.Now().Add(5*time.Millisecond))
	}
	if n := r.joined.Load(); n < int64(len(r.members)) {
		return "", fmt.Errorf("%d of %d sockets joined within %v%s: is the server's --max-connections below it, or this machine's limit of open files?",
			n, len(r.members), r.o.Ramp+r.o.Deadline, r.lastWord())
	}
	return warning, nil
}

// scout is the first member's way in.
func (r *run) scout(ctx context.Context) (client.Limits, error) {
	in, m := make(chan struct{}), r.members[0]
	m.begin(func() { close(in) })
	select {
	case <-in:
	case <-m.ended:
	case <-ctx.Done():
	}
	if r.joined.Load() == 0 {
		return client.Limits{}, fmt.Errorf("no session at %s%s: start a server with: verbatim serve --send-rate 0", r.o.URL, r.lastWord())
	}
	return m.client.Limits(), nil
}

func (r *run) lastWord() string {
	if err := r.why.Load(); err != nil {
		return fmt.Sprintf(" (%v)", *err)
	}
	return ""
}

// drain waits until everything that was sent is acknowledged and has been seen by everybody, or the deadline.
func (r *run) drain() {
	end := time.Now().Add(r.o.Deadline)
	for _, m := range r.members {
		for (!m.settled() || m.got.Load() < m.room.acked.Load()) && time.Now().Before(end) {
			r.say("waiting for what is on its way: %v", time.Until(end).Round(time.Second))
			pauseUntil(context.Background(), time.Now().Add(2*time.Millisecond))
		}
	}
}

// closeAll ends all clients, and waits: what their Handlers had belongs to Run then.
func (r *run) closeAll() {
	var closing sync.WaitGroup
	for _, m := range r.members {
		if m.client != nil {
			closing.Go(m.close) // Run's; ends with the client
		}
	}
	closing.Wait()
}

// often is how often the live line changes, at most.
const often = 100 * time.Millisecond

// say writes the live line anew, unless it has just changed. Run's goroutine's.
func (r *run) say(format string, args ...any) {
	if r.tell != nil && time.Since(r.told) >= often {
		r.told = time.Now()
		r.tell(fmt.Sprintf(format, args...))
	}
}

// pauseUntil waits until a time, or the end of ctx.
func pauseUntil(ctx context.Context, at time.Time) {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
