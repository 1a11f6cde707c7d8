package disk

import (
	"sync"
	"sync/atomic"

	"verbatim/persistence/dedup"
	"verbatim/persistence/fifo"
	"verbatim/protocol"
)

// conversation is what the record keeps in memory of one conversation: a few hundred bytes while it is idle.
type conversation struct {
	id protocol.ConversationID // fixed
	fileState

	marksMu sync.Mutex // never held across I/O; nothing else is locked while it is held
	marks   *marks     // guarded by marksMu

	ranked protocol.Time // guarded by newest.mu: its time in the newest order

	// reserved is guarded by the flusher's mu: bytes of pending, and of what is on its way to become pending.
	reserved int64

	// idsMu is held while sends are decided and while ids are loaded, so across reads of this transcript; Tail, Read
	// and other conversations never need it.
	idsMu fifo.Mutex
	ids   *dedup.Index // guarded by idsMu; nil: they are not in memory
}

// sumCache remembers sums that were read: after a restart thousands come back to a conversation knowing the same
// entry, and one of them reads it. Safe for concurrent use; a slot holds whichever was read last.
type sumCache [1024]atomic.Pointer[knownSum]

// knownSum is one entry's. It is never changed.
type knownSum struct {
	conversation *conversation
	seq          protocol.Seq
	sum          protocol.Sum
}
