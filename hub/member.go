package hub

import (
	"sync/atomic"

	"verbatim/persistence"
	"verbatim/protocol"
)

// Kind is what a member gets.
type Kind uint8

const (
	// Reading members get entries and ephemera, and are present.
	Reading Kind = iota
	// Following members get `last` and their user's own read marks; they are not present.
	Following
	// Waiting members are woken for new entries, for an HTTP request; they are not present.
	Waiting
)

// Waker is what a sleeping member is woken through. Wake must not wait.
type Waker interface{ Wake() }

// Member is one session's join of one conversation. The session fills Kind, User and Waker before Hub.Join, which sets
// Conversation; none of them changes after that.
type Member struct {
	Conversation *Conversation
	Kind         Kind
	User         protocol.UserID
	Waker        Waker

	woken   atomic.Bool // set by a wake, cleared by the session before it looks for what is new
	catchUp atomic.Pointer[catchUp]
	own     atomic.Pointer[[]byte] // the newest read mark of the member's own user, where no tick tells it

	joint uint64 // the conversation's count of events when it joined; fixed after that

	index int // owned by the loop

	// Owned by the session.
	hint  uint64 // the number of the batch that comes next
	seen  uint64 // the number of the ephemera that were taken last
	asked bool   // for a catchUp that has not come yet
}

// catchUp is all ephemeral state at once, for a session that fell behind.
type catchUp struct {
	frames []byte
	seen   uint64
}

// Wake says that there is more to read. It costs one atomic swap where the session has not slept meanwhile. No wake
// is lost: the session clears the flag before it looks.
func (m *Member) Wake() {
	if !m.woken.Load() && !m.woken.Swap(true) {
		m.Waker.Wake()
	}
}

// Awake clears the flag; the session calls it before it looks for what is new.
func (m *Member) Awake() { m.woken.Store(false) }

// Last is the newest seq that was published since the conversation came to life; 0 where there was none. It is never
// above the record's.
func (m *Member) Last() protocol.Seq { return protocol.Seq(m.Conversation.ring.last.Load()) }

// Find gives a batch of the ring that holds seq, or nil. Only the member's session calls it.
func (m *Member) Find(seq protocol.Seq) *persistence.Batch {
	b, n := m.Conversation.ring.find(seq, m.hint)
	if b == nil {
		return nil
	}
	m.hint = n
	return b
}

// Passed says that the batch which Find gave last is read to its end. Only the member's session calls it.
func (m *Member) Passed() { m.hint++ }
