package hub

import (
	"sync/atomic"

	"verbatim/protocol"
)

// maxTicks is how many ticks a session may be behind before it gets the whole state.
const maxTicks = 16

// ephemera is what of a conversation is not recorded: presence, typing and read marks, as frames. What gathers between
// two ticks is one tick for all sessions. The last maxTicks of them are kept, and sessions read them without a lock.
type ephemera struct {
	ticks [maxTicks]atomic.Pointer[tickFrames] // tick n is at n % maxTicks
	next  atomic.Uint64                        // the number of the tick to come

	// Owned by the shard.
	events uint64 // counted up for each change, so that a session that joins later is not told what its snapshot shows
	parts  []part // for the next tick
}

// tickFrames is what one tick sends.
type tickFrames struct {
	n     uint64
	parts []part
	all   []byte // the parts that go to every bystander, one after another
	since uint64 // the event count before its first part
}

// part is one frame of a tick. It goes to all reading members with few exceptions.
type part struct {
	frame []byte
	about protocol.UserID // the user that it tells of; "": it is about nobody
	by    *ephemeraReader // the member that caused it and knows it; nil: there is none
	mark  bool            // a read mark: goes to the user's own other sessions too
	event uint64          // a member that joined at this count or later knows it from its snapshot
}

// catchUp is all ephemeral state at once, for a session that fell behind.
type catchUp struct {
	frames []byte
	seen   uint64 // the number of the tick that comes after it
}

// ephemeraReader is how far one member's session has read a conversation's ephemera.
type ephemeraReader struct {
	joinedAt uint64 // the count of events when the member joined; fixed after that

	// Set by the shard, taken by the session.
	catchUp atomic.Pointer[catchUp]
	own     atomic.Pointer[[]byte] // the newest read mark of the member's own user, if no tick tells it

	// Owned by the session, but for the join.
	seen  uint64 // the number of the tick that comes next
	asked bool   // for a catchUp that has not come yet
}

// event counts a change of which the parts that are added next tell.
func (e *ephemera) event() { e.events++ }

// add puts a part into the next tick.
func (e *ephemera) add(p part) {
	p.event = e.events
	e.parts = append(e.parts, p)
}

// addSummary puts a frame into the next tick that shows the state after all parts before it. It goes to everyone.
func (e *ephemera) addSummary(frame []byte) {
	e.parts = append(e.parts, part{event: e.events + 1, frame: frame})
}

// flush makes a tick of the parts that have gathered, and reports whether there were any.
func (e *ephemera) flush() bool {
	if len(e.parts) == 0 {
		return false
	}

	f := &tickFrames{n: e.next.Load(), parts: e.parts, since: e.events}
	e.parts = nil
	for _, p := range f.parts {
		f.since = min(f.since, p.event-1)
		f.all = append(f.all, p.frame...)
	}
	e.ticks[f.n%maxTicks].Store(f)
	e.next.Store(f.n + 1)
	return true
}

// begin lets a reader begin here: a snapshot shows it what is before. The shard calls it.
func (r *ephemeraReader) begin(e *ephemera) { r.seen = e.next.Load() }

// takeOwn appends the newest read mark of the member's own user, if one came.
func (r *ephemeraReader) takeOwn(dst []byte) []byte {
	if r.own.Load() == nil {
		return dst
	}
	if own := r.own.Swap(nil); own != nil {
		dst = append(dst, *own...)
	}
	return dst
}

// read appends the frames since the last read that are for this user's member. It reports once that the reader is too
// far behind: it needs a catchUp.
func (r *ephemeraReader) read(dst []byte, e *ephemera, user protocol.UserID) (frames []byte, behind bool) {
	if got := r.catchUp.Load(); got != nil && r.catchUp.CompareAndSwap(got, nil) {
		dst = append(dst, got.frames...)
		r.seen = got.seen
		r.asked = false
	}

	next := e.next.Load()
	if next-r.seen > maxTicks {
		return dst, r.ask()
	}
	for ; r.seen < next; r.seen++ {
		f := e.ticks[r.seen%maxTicks].Load()
		if f.n != r.seen { // a newer one took its place
			return dst, r.ask()
		}
		dst = f.appendTo(dst, r, user)
	}
	return dst, false
}

// ask reports whether the catchUp is still to be asked for.
func (r *ephemeraReader) ask() bool {
	first := !r.asked
	r.asked = true
	return first
}

func (f *tickFrames) appendTo(dst []byte, r *ephemeraReader, user protocol.UserID) []byte {
	personal := f.since < r.joinedAt
	for i := range f.parts {
		p := &f.parts[i]
		personal = personal || p.about == user || p.by == r
	}
	if !personal {
		return append(dst, f.all...)
	}

	for i := range f.parts {
		if p := &f.parts[i]; p.goesTo(r, user) {
			dst = append(dst, p.frame...)
		}
	}
	return dst
}

// goesTo reports whether a user's reading member gets the part.
func (p *part) goesTo(r *ephemeraReader, user protocol.UserID) bool {
	if p.event <= r.joinedAt || p.by == r {
		return false
	}
	return p.mark || p.about == "" || p.about != user // never about oneself (docs/protocol/presence.md)
}
