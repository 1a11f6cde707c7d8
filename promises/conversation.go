package promises

import "verbatim/protocol"

// conversation is what is known of one.
type conversation struct {
	id       protocol.ConversationID
	log      protocol.LogID // empty: no client was told one
	places   map[protocol.Seq]*place
	messages map[key]*message
	marks
}

// marks are how far a conversation had come, as far as anybody could know.
type marks struct{ acked, seen protocol.Seq }

func (m marks) high() protocol.Seq { return max(m.acked, m.seen) }

// place is what is at one seq: known from an ack, from the entry, or both.
type place struct {
	message *message
	raw     string // the entry; empty: nobody has seen it yet
	time    string
}

// key identifies a message: an id is its author's own.
type key struct {
	author protocol.UserID
	id     protocol.MessageID
}

// message is one that a client sent, however often.
type message struct {
	key
	text    string
	prev    protocol.MessageID
	floor   protocol.Seq // the greatest seq that was acked or seen before the message was first sent
	sends   int
	refused int // sends to which the server replied that nothing was done
	seq     protocol.Seq
	acked   bool
	fresh   bool // an ack said that it is no duplicate
	sum     string
}

// reading is a reading of the record.
type reading struct {
	source       string
	conversation protocol.ConversationID
}
