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

// idsFor is how long a send is idempotent (limits.ids). idsSurely is a little less, since the model takes the time
// before a message is sent and the server after.
const (
	idsFor    = 600 * time.Second
	idsSurely = idsFor - 10*time.Second
)

// model is what was promised so far, whatever crashed since. It compares everything that a client is told with that.
type model struct {
	w *world

	mu            sync.Mutex
	conversations map[protocol.ConversationID]*conversation
	messages      []*message       // all messages; a message's text begins with its index here
	dead          atomic.Bool      // the server is dead: nobody hears what it still says
	places        map[string]place // by person and conversation
	acks          int
	refusals      int
}

// conversation is what is known of one conversation.
type conversation struct {
	log       protocol.LogID
	entries   map[protocol.Seq]string // that a client has seen
	acked     map[protocol.Seq]receipt
	last      protocol.Seq // the greatest that was acked or seen
	marks     map[protocol.UserID]*mark
	waiting   map[protocol.UserID][]*message // sent in this incarnation and not answered, in order
	newest    map[protocol.UserID]protocol.Seq
	unordered map[protocol.UserID]bool // the order of waiting is not certain
}

// receipt is an ack: of which message, and its sum.
type receipt struct {
	msg  *message
	sum  protocol.Sum
	time protocol.Time
}

// mark is one user's read mark.
type mark struct{ set, kept protocol.Seq } // set: the greatest set; kept: the greatest shown after a restart

// message is a message, and what is known of it.
type message struct {
	n            int
	conversation protocol.ConversationID
	author       protocol.UserID
	id           protocol.MessageID
	text         string
	target       protocol.Seq
	meta         string
	prev         *message
	since        protocol.Number
	variantOf    *message // the message whose id it has, with another text

	sentAt    time.Time    // first
	acked     bool         // at seq
	seq       protocol.Seq // where it was seen or acked; 0: nowhere yet
	refused   bool         // finally: it must not be on the record
	unknown   bool         // a send of it had no answer, or unavailable: it may be on the record, or get there
	inFlight  int          // sends without an answer
	prevAcked bool         // its prev was acked when it was sent
}

func newModel(w *world) *model {
	return &model{w: w, conversations: make(map[protocol.ConversationID]*conversation), places: make(map[string]place)}
}

func (m *model) conversation(id protocol.ConversationID) *conversation {
	r := m.conversations[id]
	if r == nil {
		r = &conversation{
			entries: map[protocol.Seq]string{}, acked: map[protocol.Seq]receipt{}, marks: map[protocol.UserID]*mark{},
		}
		m.conversations[id] = r
		r.clear()
	}
	return r
}

func (r *conversation) clear() {
	r.unordered = map[protocol.UserID]bool{}
	r.waiting, r.newest = map[protocol.UserID][]*message{}, map[protocol.UserID]protocol.Seq{}
}

// restart begins another incarnation: the fate of what was under way is unknown.
func (m *model) restart() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead.Store(false)
	for _, r := range m.conversations {
		r.clear()
	}
	for _, msg := range m.messages {
		msg.unknown = msg.unknown || msg.inFlight > 0
		msg.inFlight = 0
	}
}

// fresh adds a message under the next number.
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
	msg.prevAcked = msg.prev != nil && msg.prev.acked
	msg.inFlight++
	if m.w.tracing {
		m.w.trace("%s sends message %d to %s: id %q, since %v, %d bytes",
			msg.author, msg.n, msg.conversation, msg.id, msg.since, len(msg.text))
	}
	r := m.conversation(msg.conversation)
	r.waiting[msg.author] = append(r.waiting[msg.author], msg)
}

// idMustBeKnown reports whether the server must still know the message's id.
func (msg *message) idMustBeKnown() bool { return msg.since.Set || time.Since(msg.sentAt) < idsSurely }

// ack is the ack of a message.
type ack struct {
	seq       protocol.Seq
	time      protocol.Time
	sum       protocol.Sum
	duplicate bool
}

// answered takes the answer to message n: code is "" for an ack. An author's acks in a conversation come in the order
// of its sends. A send that cannot be queued is answered at once.
func (m *model) answered(id protocol.ConversationID, author protocol.UserID, n int, a ack, code protocol.Code) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead.Load() {
		return
	}
	r := m.conversation(id)
	waiting := r.waiting[author]
	i := slices.IndexFunc(waiting, func(msg *message) bool { return msg.n == n })
	if i < 0 || i > 0 && code == "" && !r.unordered[author] {
		m.w.fail("%s in %s: message %d was answered (%q), which is not the oldest send without an answer",
			author, id, n, code)
		return
	}
	msg := waiting[i]
	r.waiting[author] = slices.Delete(waiting, i, i+1)
	// Of two sends of one message that were not answered, nobody knows which of them could not be queued.
	twice := slices.Contains(r.waiting[author], msg)
	r.unordered[author] = len(r.waiting[author]) > 0 && (r.unordered[author] || code != "" && twice)
	msg.inFlight--
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
	case code == protocol.CodeConflict && (msg.variantOf != nil || !msg.idMustBeKnown()):
		// After that time another message may have the id.
	case code == protocol.CodeOutOfOrder && msg.prev != nil &&
		!(msg.prevAcked && time.Since(msg.prev.sentAt) < idsSurely):
	default:
		m.w.fail("message %d (%s in %s, id %q) was refused as %s", msg.n, msg.author, msg.conversation, msg.id, code)
		return
	}
	if !msg.acked && msg.seq == 0 && msg.inFlight == 0 && !msg.unknown {
		msg.refused = true
	}
}

func (m *model) ackedNow(r *conversation, msg *message, a ack) {
	if v := msg.variantOf; v != nil && v.acked && v.idMustBeKnown() {
		m.w.fail("message %d was acked at %d with the id of message %d, which was acked at %d with another text",
			msg.n, a.seq, v.n, v.seq)
		return
	}
	if msg.seq != 0 && msg.seq != a.seq && (msg.idMustBeKnown() || a.duplicate) {
		m.w.fail("message %d (%s in %s, id %q) was acked at %d (duplicate %v), and it stands at %d",
			msg.n, msg.author, msg.conversation, msg.id, a.seq, a.duplicate, msg.seq)
		return
	}
	if wire, ok := r.entries[a.seq]; ok && !strings.Contains(wire, `"text":"`+fmt.Sprint(msg.n, " ")) {
		m.w.fail("message %d was acked at %d of %s, where %.150s stands", msg.n, a.seq, msg.conversation, wire)
	}
	if other := r.acked[a.seq].msg; other != nil && other != msg {
		m.w.fail("messages %d and %d were both acked at %d of %s", other.n, msg.n, a.seq, msg.conversation)
	}
	if k := r.acked[a.seq]; k.msg == msg && (k.sum != a.sum || k.time != a.time) {
		m.w.fail("message %d was acked with another time or sum than before", msg.n)
	}
	if a.sum == (protocol.Sum{}) || a.time == 0 {
		m.w.fail("message %d was acked without a sum or a time", msg.n)
	}
	if !a.duplicate {
		if a.seq <= r.newest[msg.author] {
			m.w.fail("message %d was acked at %d, after one of the same author at %d",
				msg.n, a.seq, r.newest[msg.author])
		}
		r.newest[msg.author] = a.seq
	}
	msg.acked, msg.seq = true, a.seq
	r.acked[a.seq] = receipt{msg, a.sum, a.time}
	r.last = max(r.last, a.seq)
}

// saw takes an entry that a client was shown: from then on it must be on the record.
func (m *model) saw(who string, id protocol.ConversationID, seq protocol.Seq, wire string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead.Load() {
		return
	}
	r := m.conversation(id)
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
	same := msg.conversation == id && msg.author == p.From && msg.id == p.ID && msg.text == p.Text &&
		msg.target == p.Target && msg.meta == p.Meta
	if !same {
		m.w.fail("%s saw an entry %d of %s that is not as it was sent: %.150s", who, seq, id, wire)
		return
	}
	switch {
	case msg.refused:
		m.w.fail("%s saw message %d at %d of %s, which was refused", who, n, seq, id)
	case msg.seq != 0 && msg.seq != seq && (msg.id == "" || msg.idMustBeKnown()):
		m.w.fail("%s saw message %d at %d of %s, and it stands at %d too", who, n, seq, id, msg.seq)
	case r.acked[seq].msg != nil && r.acked[seq].msg != msg:
		m.w.fail("%s saw message %d at %d of %s, where message %d was acked", who, n, seq, id, r.acked[seq].msg.n)
	}
	msg.seq = seq
	r.entries[seq] = wire
	r.last = max(r.last, seq)
}
