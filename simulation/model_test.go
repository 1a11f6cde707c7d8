package simulation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"verbatim/protocol"
)

// idsFor is how long a send is idempotent (limits.ids), and a little less, since the model takes the time before a
// message is sent and the server after.
const (
	idsFor    = 600 * time.Second
	idsSurely = idsFor - 10*time.Second
)

// model is what was promised so far, whatever crashed since. It holds everything that anybody is told against that.
type model struct {
	w *world

	mu       sync.Mutex
	rooms    map[protocol.ConversationID]*room
	messages []*message       // all that were ever sent; a message's text begins with its number here
	dead     atomic.Bool      // the server is dead: what it says now nobody hears
	places   map[string]place // by person and conversation
	acks     int
	refusals int
}

// room is one conversation.
type room struct {
	log     protocol.LogID
	entries map[protocol.Seq]string // that somebody has seen, or that were acked and then seen
	acked   map[protocol.Seq]receipt
	last    protocol.Seq // the greatest that was acked or seen
	marks   map[protocol.UserID]*mark
	waiting map[protocol.UserID][]*message // sent in this life and not answered, in order
	newest  map[protocol.UserID]protocol.Seq
	blurred map[protocol.UserID]bool // the order of waiting is not sure
}

// receipt is an ack: whose, and the sum that it was given.
type receipt struct {
	msg  *message
	sum  protocol.Sum
	time protocol.Time
}

// mark is one user's read mark.
type mark struct{ set, kept protocol.Seq } // set: the greatest that was set; kept: the greatest that a restart has shown

// message is one that somebody wants to say, and what is known of it.
type message struct {
	n         int
	room      protocol.ConversationID
	author    protocol.UserID
	id        protocol.MessageID
	text      string
	target    protocol.Seq
	meta      string
	prev      *message
	since     protocol.Number
	variantOf *message // whose id it has, with another text

	sentAt  time.Time    // first
	acked   bool         // at seq
	seq     protocol.Seq // where it was seen or acked; 0: nowhere so far
	refused bool         // for good: it must not be on the record
	unknown bool         // a send of it was not answered, or as unavailable: it may be on the record, or come there
	onWay   int          // sends that are not answered
	prevWas bool         // its prev was acked when it was sent
}

func newModel(w *world) *model {
	return &model{w: w, rooms: make(map[protocol.ConversationID]*room), places: make(map[string]place)}
}

func (m *model) room(id protocol.ConversationID) *room {
	r := m.rooms[id]
	if r == nil {
		r = &room{entries: map[protocol.Seq]string{}, acked: map[protocol.Seq]receipt{}, marks: map[protocol.UserID]*mark{}}
		m.rooms[id] = r
		r.clear()
	}
	return r
}

func (r *room) clear() {
	r.blurred = map[protocol.UserID]bool{}
	r.waiting, r.newest = map[protocol.UserID][]*message{}, map[protocol.UserID]protocol.Seq{}
}

// rise begins another life: what was on its way is unknown.
func (m *model) rise() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead.Store(false)
	for _, r := range m.rooms {
		r.clear()
	}
	for _, msg := range m.messages {
		msg.unknown = msg.unknown || msg.onWay > 0
		msg.onWay = 0
	}
}

// fresh gives a message for its place among all.
func (m *model) fresh(msg *message, text string) *message {
	m.mu.Lock()
	defer m.mu.Unlock()
	msg.n = len(m.messages)
	msg.text = strconv.Quote(fmt.Sprint(msg.n, " ", text))
	m.messages = append(m.messages, msg)
	return msg
}

// sent notes that a message goes out now.
func (m *model) sent(msg *message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if msg.sentAt.IsZero() {
		msg.sentAt = time.Now()
	}
	msg.refused = false
	msg.prevWas = msg.prev != nil && msg.prev.acked
	msg.onWay++
	if m.w.tracing {
		m.w.trace("%s sends message %d to %s: id %q, since %v, %d bytes", msg.author, msg.n, msg.room, msg.id, msg.since, len(msg.text))
	}
	r := m.room(msg.room)
	r.waiting[msg.author] = append(r.waiting[msg.author], msg)
}

// surely says whether an id must still be known.
func (msg *message) surely() bool { return msg.since.Set || time.Since(msg.sentAt) < idsSurely }

// ack is what a client is told of a message on the record.
type ack struct {
	seq       protocol.Seq
	time      protocol.Time
	sum       protocol.Sum
	duplicate bool
}

// answered takes the answer to message n: code is "" for an ack. An author's acks in a room come in the order of its
// sends; what could not even be queued is answered at once.
func (m *model) answered(id protocol.ConversationID, author protocol.UserID, n int, a ack, code protocol.Code) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead.Load() {
		return
	}
	r := m.room(id)
	waiting := r.waiting[author]
	i := slices.IndexFunc(waiting, func(msg *message) bool { return msg.n == n })
	if i < 0 || i > 0 && code == "" && !r.blurred[author] {
		m.w.fail("%s in %s: message %d was answered (%q), which is not the oldest send without an answer", author, id, n, code)
		return
	}
	msg := waiting[i]
	r.waiting[author] = slices.Delete(waiting, i, i+1)
	// Of two sends of one message that were not answered, nobody knows which of them could not be queued.
	twice := slices.Contains(r.waiting[author], msg)
	r.blurred[author] = len(r.waiting[author]) > 0 && (r.blurred[author] || code != "" && twice)
	msg.onWay--
	m.w.trace("answer %d in %s: %d %v %s %q", msg.n, id, a.seq, a.duplicate, a.sum, code)
	if code != "" {
		m.refusals++
		m.refusedNow(msg, code)
		return
	}
	m.acks++
	m.ackedNow(r, msg, a)
}

func (m *model) refusedNow(msg *message, code protocol.Code) {
	switch {
	case code == protocol.CodeUnavailable:
		msg.unknown = true
		return
	case code == protocol.CodeConflict && (msg.variantOf != nil || !msg.surely()): // later than that another may have the id
	case code == protocol.CodeOutOfOrder && msg.prev != nil && !(msg.prevWas && time.Since(msg.prev.sentAt) < idsSurely):
	default:
		m.w.fail("message %d (%s in %s, id %q) was refused as %s", msg.n, msg.author, msg.room, msg.id, code)
		return
	}
	if !msg.acked && msg.seq == 0 && msg.onWay == 0 && !msg.unknown {
		msg.refused = true
	}
}

func (m *model) ackedNow(r *room, msg *message, a ack) {
	if v := msg.variantOf; v != nil && v.acked && v.surely() {
		m.w.fail("message %d was acked at %d with the id of message %d, which was acked at %d with another text", msg.n, a.seq, v.n, v.seq)
		return
	}
	if msg.seq != 0 && msg.seq != a.seq && (msg.surely() || a.duplicate) {
		m.w.fail("message %d (%s in %s, id %q) was acked at %d (duplicate %v), and it stands at %d", msg.n, msg.author, msg.room, msg.id, a.seq, a.duplicate, msg.seq)
		return
	}
	if wire, ok := r.entries[a.seq]; ok && !strings.Contains(wire, `"text":"`+fmt.Sprint(msg.n, " ")) {
		m.w.fail("message %d was acked at %d of %s, where %.150s stands", msg.n, a.seq, msg.room, wire)
	}
	if other := r.acked[a.seq].msg; other != nil && other != msg {
		m.w.fail("messages %d and %d were both acked at %d of %s", other.n, msg.n, a.seq, msg.room)
	}
	if k := r.acked[a.seq]; k.msg == msg && (k.sum != a.sum || k.time != a.time) {
		m.w.fail("message %d was acked with another time or sum than before", msg.n)
	}
	if a.sum == (protocol.Sum{}) || a.time == 0 {
		m.w.fail("message %d was acked without a sum or a time", msg.n)
	}
	if !a.duplicate {
		if a.seq <= r.newest[msg.author] {
			m.w.fail("message %d was acked at %d, after one of the same author at %d", msg.n, a.seq, r.newest[msg.author])
		}
		r.newest[msg.author] = a.seq
	}
	msg.acked, msg.seq = true, a.seq
	r.acked[a.seq] = receipt{msg, a.sum, a.time}
	r.last = max(r.last, a.seq)
}

// saw takes an entry that somebody was shown: it must be there for ever.
func (m *model) saw(who string, id protocol.ConversationID, seq protocol.Seq, wire string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead.Load() {
		return
	}
	r := m.room(id)
	before, ok := r.entries[seq]
	if ok && before != wire {
		m.w.fail("%s saw another entry %d of %s than there was: %.150s, before %.150s", who, seq, id, wire, before)
		return
	}
	if ok {
		return
	}
	p, bad := protocol.ParseMessage([]byte(wire))
	if bad != nil || p.Seq != seq || p.Conversation != id {
		m.w.fail("%s saw an entry %d of %s that is none: %.150s: %v", who, seq, id, wire, bad)
		return
	}
	n, err := strconv.Atoi(strings.SplitN(strings.TrimPrefix(p.Text, `"`), " ", 2)[0])
	if err != nil || n >= len(m.messages) {
		m.w.fail("%s saw an entry %d of %s that nobody sent: %.150s", who, seq, id, wire)
		return
	}
	msg := m.messages[n]
	if msg.room != id || msg.author != p.From || msg.id != p.ID || msg.text != p.Text || msg.target != p.Target || msg.meta != p.Meta {
		m.w.fail("%s saw an entry %d of %s that is not as it was sent: %.150s", who, seq, id, wire)
		return
	}
	switch {
	case msg.refused:
		m.w.fail("%s saw message %d at %d of %s, which was refused", who, n, seq, id)
	case msg.seq != 0 && msg.seq != seq && (msg.id == "" || msg.surely()):
		m.w.fail("%s saw message %d at %d of %s, and it stands at %d too", who, n, seq, id, msg.seq)
	case r.acked[seq].msg != nil && r.acked[seq].msg != msg:
		m.w.fail("%s saw message %d at %d of %s, where message %d was acked", who, n, seq, id, r.acked[seq].msg.n)
	}
	msg.seq = seq
	r.entries[seq] = wire
	r.last = max(r.last, seq)
}
