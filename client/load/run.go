package load

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"verbatim/protocol"
)

// run is one load test.
type run struct {
	o             Options
	id            string // 8 hex digits in the id of each message: entries without it are not of this run
	text          string // of each message
	start         time.Time
	conversations []*conversation
	members       []*member // of all conversations
	shards        [shardCount]shard
	violations    violations
	display       func(line string) // shows the line of progress; nil: nobody wants it

	publishing atomic.Bool
	from, to   atomic.Int64 // the measured time, in ns since start: messages that were due in it are measured
	joined     atomic.Int64 // members that have joined
	lastError  atomic.Pointer[error]
	shownAt    time.Time  // of the last line of progress; owned by Run's goroutine
	random     *rand.Rand // owned by Run's goroutine until the publishing begins, then by breakConnections
}

// conversation is one of the conversations under load.
type conversation struct {
	id         protocol.ConversationID
	publishers []*member
	members    []*member
	acked      atomic.Uint64 // messages of this run
}

func newRun(o Options, progress io.Writer) *run {
	if o.Seed == 0 {
		o.Seed = rand.Uint64()>>1 | 1
	}
	r := &run{
		o: o, id: fmt.Sprintf("%08x", rand.Uint32()), start: time.Now(), random: rand.New(rand.NewPCG(o.Seed, 0)),
	}
	r.text = randomText(r.random, o.Size)
	r.to.Store(1<<63 - 1)
	r.from.Store(1<<63 - 1)
	for i := range r.shards {
		r.shards[i] = newShard()
	}
	if progress != nil {
		r.display = func(line string) { fmt.Fprintf(progress, "\r%s\x1b[K", line) }
	}
	for i := range o.Conversations {
		r.conversations = append(r.conversations, r.newConversation(fmt.Sprint(o.Prefix, i)))
	}
	return r
}

// newConversation makes a conversation and its members, of which the first ones are publishers.
func (r *run) newConversation(id string) *conversation {
	v := &conversation{id: protocol.ConversationID(id)}
	for j := range r.o.Members {
		m := newMember(r, v, len(r.members))
		if j < r.o.Publishers {
			m.publisher = len(v.publishers)
			v.publishers = append(v.publishers, m)
		}
		v.members = append(v.members, m)
		r.members = append(r.members, m)
	}
	for _, m := range v.members {
		m.seen = make([]uint32, len(v.publishers))
	}
	return v
}

// randomText returns a text of size bytes.
func randomText(random *rand.Rand, size int) string {
	words := []string{
		"the ", "server ", "keeps ", "every ", "word ", "in ", "order ", "on ", "a ", "durable ", "record ",
	}
	text := ""
	for len(text) < size {
		text += words[random.IntN(len(words))]
	}
	return text[:size]
}

// now returns the time since the start, in ns.
func (r *run) now() int64 { return int64(time.Since(r.start)) }

// measured reports whether a message that was due at a time, in ns since start, is measured.
func (r *run) measured(due int64) bool { return due >= r.from.Load() && due < r.to.Load() }

// lastCause returns the last error in brackets, or "" if there was none.
func (r *run) lastCause() string {
	if err := r.lastError.Load(); err != nil {
		return fmt.Sprintf(" (%v)", *err)
	}
	return ""
}

// showInterval is the minimum time between two lines of progress.
const showInterval = 100 * time.Millisecond

// show replaces the line of progress, unless it has just changed. Only Run's goroutine calls it.
func (r *run) show(format string, args ...any) {
	if r.display != nil && time.Since(r.shownAt) >= showInterval {
		r.shownAt = time.Now()
		r.display(fmt.Sprintf(format, args...))
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
