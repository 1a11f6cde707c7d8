package client

import (
	"slices"
	"time"

	"verbatim/protocol"
)

// outgoing is a send without an ack.
type outgoing struct {
	id      protocol.MessageID
	body    []byte          // its text, target and meta as JSON fields
	since   protocol.Number // the last seq that this client knew of when it was first written
	first   time.Time       // when that was; zero: not yet
	stale   bool            // that was on a connection before this one
	earlier bool            // since is the owner's: it may have been sent by an earlier client
	flying  bool            // written on this connection, and not answered yet
	settled chan outcome    // of capacity 1, nil where nobody waits
}

type outcome struct {
	ack Ack
	err error
}

// outbox is a conversation's sends without an ack, in the order of sending. Guarded by Client.mu.
//
// Each is written once on a connection, with the one before it as `prev` while that has no ack, so that no send
// comes onto the record before its predecessor (promise 4). Where the server puts one off, those behind it come back as
// out_of_order; nothing is written until all of them have been answered, and then all that is left is written again.
type outbox struct {
	items   []*outgoing
	written int           // how many of them, from the first on, have been written on this connection
	flying  int           // how many have no answer
	again   bool          // some was put off: wait for the answers to all, and begin again
	until   time.Time     // and not before this
	acked   protocol.Seq  // the greatest seq of an ack
	delay   time.Duration // the last time that was waited; grows while the server puts off
}

const (
	firstDelay = 100 * time.Millisecond // before a send that was put off is written again
	mostDelay  = 5 * time.Second
)

// next gives the send to write now, and the one before it that has no ack; nil: none.
func (o *outbox) next(now time.Time) (item, before *outgoing) {
	if o.again || o.written == len(o.items) || now.Before(o.until) {
		return nil, nil
	}
	if o.written > 0 {
		before = o.items[o.written-1]
	}
	item = o.items[o.written]
	o.written++
	o.flying++
	item.flying = true
	return item, before
}

// knows tells the sends that were first written behind a join on this connection what that join's reply says: they came
// after it.
func (o *outbox) knows(last protocol.Seq) {
	for _, item := range o.items {
		if !item.since.Set && !item.first.IsZero() && !item.stale {
			item.since = protocol.Number{Value: uint64(last), Set: true}
		}
	}
}

// find gives the place of a send that waits for an answer, or -1. Answers come in the order of sending, so that it is
// mostly the first.
func (o *outbox) find(id protocol.MessageID) int {
	return slices.IndexFunc(o.items, func(item *outgoing) bool { return item.flying && item.id == id })
}

// settle takes a send out, which is answered for good.
func (o *outbox) settle(i int) *outgoing {
	item := o.items[i]
	if i == 0 {
		o.items[0] = nil
		o.items = o.items[1:]
	} else {
		o.items = slices.Delete(o.items, i, i+1)
	}
	o.written--
	o.landed(item)
	return item
}

// putOff notes that a send is to be written again, no sooner than after d.
func (o *outbox) putOff(i int, now time.Time, d time.Duration) {
	if until := now.Add(d); until.After(o.until) {
		o.until = until
	}
	o.again = true
	o.landed(o.items[i])
}

// landed counts an answer. After the last one the outbox begins again where something was put off.
func (o *outbox) landed(item *outgoing) {
	item.flying = false
	o.flying--
	if o.flying == 0 && o.again {
		o.again, o.written = false, 0
	}
}

// disconnected makes all that has no ack to be written again.
func (o *outbox) disconnected() {
	for _, item := range o.items {
		item.flying = false
		item.stale = !item.first.IsZero()
	}
	o.written, o.flying, o.again, o.until, o.delay = 0, 0, false, time.Time{}, 0
}

// unknowing drops what was known of a log that is gone: a resend must be looked for in all of the new one.
func (o *outbox) unknowing() {
	o.acked = 0
	for _, item := range o.items {
		item.since = protocol.Number{Set: true}
	}
}

// backOff gives how long to wait before a send that was put off is written again.
func (o *outbox) backOff(asked time.Duration) time.Duration {
	o.delay = min(max(2*o.delay, firstDelay), mostDelay)
	return max(o.delay, asked)
}
