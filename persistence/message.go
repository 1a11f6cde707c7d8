package persistence

import "verbatim/protocol"

// Message is what an author wants on the record. Nobody changes it once it was given to Store.Send.
//
// Its strings may be parts of a frame: clone what is kept.
type Message struct {
	Conversation protocol.ConversationID
	Author       protocol.UserID
	Name         string // what to show for the author; "": nothing else
	ID, Prev     protocol.MessageID
	Since        protocol.Number
	Expects      protocol.LogID // the log that it is for: any other one refuses it; "": any log
	NoCreate     bool           // the author may not write a conversation's first entry: it is refused as `forbidden`
	Text         string         // a JSON string
	Target       protocol.Seq
	Meta         string // a compact JSON object, or ""
	Ref          string // the sender's own, for its reply
	Bytes        int    // of the frame of which its strings may be parts
}

// Size returns about how many bytes of memory the message takes on its way, with the frame that it keeps alive.
func (m *Message) Size() int { return 256 + max(m.Bytes, len(m.Text)+len(m.Meta)) }

// Result is what became of a message. Its fields but Err are set if the message is on the record.
type Result struct {
	Seq       protocol.Seq
	Time      protocol.Time
	Sum       protocol.Sum
	Log       protocol.LogID  // if Seq is 1; else ""
	Duplicate bool            // it was there already
	Err       *protocol.Error // why it is not on the record; nil: it is
}

// Prepared is what Record.PrepareDedup found out about a message. Only the record that made it knows what is in it; nil
// is what a message has that was not prepared.
type Prepared any

// Send is one message on its way to the record.
type Send struct {
	Message
	Completion Completion // set by the sender before Store.Send
	Prepared   Prepared   // set by the Store; Record.Commit takes it
	Result                // set by Record.Commit
}

// Ack returns the reply to a send that is on the record.
func (s *Send) Ack() protocol.Ack {
	return protocol.Ack{
		Ref: s.Ref, ID: s.ID, Conversation: s.Conversation,
		Seq: s.Seq, Time: s.Time, Sum: s.Sum, Duplicate: s.Duplicate, Log: s.Log,
	}
}

// Completion is told the result of a send, once. The conversation's writer calls Completed, which must not wait.
type Completion interface{ Completed(send *Send) }
