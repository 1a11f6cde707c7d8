package session

const (
	// maxReplies bounds the replies that the client does not take, in bytes: above it the session stops reading.
	maxReplies = 64 << 10
	// maxInFlight bounds a session's sends that are on their way to the record, in bytes of Send.Size.
	maxInFlight = 1 << 20
)

// backlog is what the server holds for a client until it is done with: replies that are not written, and sends on
// their way to the record. Above its limits the session stops reading. outbound.mu guards it.
type backlog struct {
	replies  []byte        // frames that are due, in order
	inFlight int           // sends on their way, in bytes of Send.Size
	allowed  chan struct{} // closed when the backlog is within its limits; nil: nobody waits
}

func (b *backlog) full() bool { return len(b.replies) > maxReplies || b.inFlight > maxInFlight }

// wait returns a channel that is closed when the backlog is within its limits, or nil if it is now. Only the reader
// calls it.
func (b *backlog) wait() <-chan struct{} {
	if !b.full() {
		return nil
	}
	b.allowed = make(chan struct{})
	return b.allowed
}

// shrunk lets the reader go on, if the backlog is within its limits.
func (b *backlog) shrunk() {
	if b.allowed != nil && !b.full() {
		close(b.allowed)
		b.allowed = nil
	}
}
