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
	// Following members get `last` and their user's own read marks. They are not present.
	Following
	// Waiting members are woken for new entries, for an HTTP request. They are not present.
	Waiting
)

// Waker wakes a member's session. Wake must not wait; it is called from the conversation's shard and from the session.
type Waker interface{ Wake() }

// Member is one session's join of one conversation. The session sets Kind, User and Waker before Hub.Join, which sets
// Conversation; none of them changes after that. Any goroutine may call Wake and Last, only the session the rest.
type Member struct {
	Conversation *Conversation
	User         protocol.UserID
	Waker        Waker
	Kind         Kind

	woken    atomic.Bool    // set by a wake, cleared by the session before it looks for what is new
	index    int            // its place in its memberList; owned by the shard
	hint     uint64         // the number of the run that it expects next; owned by the session
	ephemera ephemeraReader // how far it has read what is not recorded
}

// Wake says that there is more to read. If the session has not looked since the last wake, it costs one atomic load. No
// wake is lost: the session clears the flag before it looks.
func (m *Member) Wake() {
	if !m.woken.Load() && !m.woken.Swap(true) {
		m.Waker.Wake()
	}
}

// Awake clears the flag; the session calls it before it looks for what is new.
func (m *Member) Awake() { m.woken.Store(false) }

// Last returns the newest seq that was published since the conversation came to life, or 0 if there was none. It is
// never above the record's.
func (m *Member) Last() protocol.Seq { return protocol.Seq(m.Conversation.ring.last.Load()) }

// Find returns a run of the ring that holds seq, or nil if the ring has none.
func (m *Member) Find(seq protocol.Seq) *persistence.Entries {
	b, n := m.Conversation.ring.find(seq, m.hint)
	if b == nil {
		return nil
	}

	m.hint = n
	return b
}

// Passed says that the run which Find returned last is read to its end.
func (m *Member) Passed() { m.hint++ }

// Newest returns the `last` frame and its seq for a follower that knows the entries up to known, or nil and known if
// there is nothing newer.
func (m *Member) Newest(known protocol.Seq) ([]byte, protocol.Seq) {
	n := m.Conversation.last.newest.Load()
	if n == nil || n.seq <= known {
		return nil, known
	}
	return n.frame, n.seq
}

// Ephemera appends to dst the frames of presence, typing and read marks that are due to the member since the last call.
// It reports once that the member is behind: it is too far back, and its session must call Hub.Resync.
func (m *Member) Ephemera(dst []byte) (frames []byte, behind bool) {
	dst = m.ephemera.takeOwn(dst)
	if m.Kind == Following {
		return dst, false
	}
	return m.ephemera.read(dst, &m.Conversation.ephemera, m.User)
}
