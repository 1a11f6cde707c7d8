package client

import (
	"slices"
	"time"

	"verbatim/protocol"
)

// outgoing is a send without an ack.
type outgoing struct {
	id          protocol.MessageID
	body        []byte          // text, target and meta as JSON fields
	since       protocol.Number // the last seq known to this client when it first wrote the send, or callerSince
	callerSince bool            // since is the caller's: an earlier client may have sent this
	firstWrite  time.Time       // zero: not written yet
	resent      bool            // firstWrite was on an earlier connection
	inFlight    bool            // written on this connection, and not answered
	done        chan completion // capacity 1; nil: nobody waits
}

// completion is how a send ended.
type completion struct {
	ack Ack
	err error
}

// oversize is a send for which the server would close the connection. It keeps its slot until it is reported, so there
// are at most Options.Unacked.
type oversize struct {
	id   protocol.ConversationID
	send *outgoing
	err  *protocol.Error
}

// complete reports how the send ended to the caller of SendWait, if there is one.
func (s *outgoing) complete(c completion) {
	if s.done != nil {
		s.done <- c
	}
}

// outbox holds a conversation's sends without an ack, in the order of sending. Guarded by Client.mu.
//
// Each send is written once on a connection. Its prev names the send before it, as long as that has no ack, so that no
// send is recorded before its predecessor (promise 4). If the server answers one with unavailable, those behind it come
// back as out_of_order. The outbox then writes nothing until every send in flight is answered, and restarts with what
// is left.
type outbox struct {
	sends     []*outgoing
	written   int           // how many of them, from the first on, were written on this connection
	inFlight  int           // how many have no answer
	restart   bool          // write them again once none is in flight
	notBefore time.Time     // of the restart
	acked     protocol.Seq  // the greatest seq of an ack
	delay     time.Duration // the last delay of a restart; it grows while the server answers with unavailable
}

// The delay before a send that the server could not take is written again.
const (
	minRetryDelay = 100 * time.Millisecond
	maxRetryDelay = 5 * time.Second
)

// next returns the send to write now, or nil if there is none, and the send before it that has no ack, or nil.
func (o *outbox) next(now time.Time) (send, prev *outgoing) {
	if o.restart || o.written == len(o.sends) || now.Before(o.notBefore) {
		return nil, nil
	}
	if o.written > 0 {
		prev = o.sends[o.written-1]
	}
	send = o.sends[o.written]
	o.written++
	o.inFlight++
	send.inFlight = true
	return send, prev
}

// setSince gives last, from the reply to this connection's join, to the sends that were first written behind that join:
// the server handles them after it.
func (o *outbox) setSince(last protocol.Seq) {
	for _, s := range o.sends {
		if !s.since.Set && !s.firstWrite.IsZero() && !s.resent {
			s.since = protocol.Number{Value: uint64(last), Set: true}
		}
	}
}

// find returns the index of the send in flight with this id, or -1. Answers come in the order of sending, so it is
// usually the first.
func (o *outbox) find(id protocol.MessageID) int {
	return slices.IndexFunc(o.sends, func(s *outgoing) bool { return s.inFlight && s.id == id })
}

// remove takes out a send that was written, after its final answer.
func (o *outbox) remove(i int) *outgoing {
	s := o.sends[i]
	if i == 0 {
		o.sends[0] = nil
		o.sends = o.sends[1:]
	} else {
		o.sends = slices.Delete(o.sends, i, i+1)
	}
	o.written--
	o.answered(s)
	return s
}

// retry has a send written again, no sooner than after d.
func (o *outbox) retry(i int, now time.Time, d time.Duration) {
	if at := now.Add(d); at.After(o.notBefore) {
		o.notBefore = at
	}
	o.restart = true
	o.answered(o.sends[i])
}

// answered counts an answer. After the last one in flight the outbox restarts, if a send is to be retried.
func (o *outbox) answered(s *outgoing) {
	s.inFlight = false
	o.inFlight--
	if o.inFlight == 0 && o.restart {
		o.restart, o.written = false, 0
	}
}

// allWritten reports whether there is nothing to write.
func (o *outbox) allWritten() bool { return o.written == len(o.sends) }

// disconnected has every send written again, on the next connection.
func (o *outbox) disconnected() {
	for _, s := range o.sends {
		s.inFlight = false
		s.resent = !s.firstWrite.IsZero()
	}
	o.written, o.inFlight = 0, 0
	o.restart, o.notBefore, o.delay = false, time.Time{}, 0
}

// forgetLog is called if the conversation has another log: the server must look for a resend in all of it.
func (o *outbox) forgetLog() {
	o.acked = 0
	for _, s := range o.sends {
		s.since = protocol.Number{Set: true}
	}
}

// nextDelay returns how long to wait before a send is retried, given what the server asked for.
func (o *outbox) nextDelay(asked time.Duration) time.Duration {
	o.delay = min(max(2*o.delay, minRetryDelay), maxRetryDelay)
	return max(o.delay, asked)
}
