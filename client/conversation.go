package client

import (
	"strconv"
	"sync/atomic"

	"verbatim/protocol"
)

// conversation is what a client knows of one: a cursor, what to request next, and the sends without an ack.
type conversation struct {
	id protocol.ConversationID

	// Written by Run's goroutine alone.
	cursor     atomic.Uint64 // the seq delivered last, or the one before a join's first
	expected   protocol.Seq  // the next seq of this connection's join; 0: no entry may come
	superseded bool          // a newer join was requested: entries of this one are not delivered

	// Guarded by Client.mu.
	join      Join           // as the caller asked for it
	wanted    bool           // the caller wants it joined
	due       bool           // a join or leave is to be written
	resumable bool           // a join was accepted: the next one resumes after cursor
	requested bool           // this connection has a join of it
	ref       uint64         // of the newest join request on this connection; 0: none
	joinedAt  protocol.Seq   // cursor when that was written
	log       protocol.LogID // empty: not known, or no entry yet
	receipt   receipt        // the newest entry of that log whose sum is known
	queued    bool           // in Client.ready
	outbox    outbox
	marks     readMarks
	typing    typing
	recheck   recheck
}

// receipt is an entry's seq and its sum. A record without both is another one. The zero receipt stands for none.
type receipt struct {
	seq protocol.Seq
	sum string
}

// position returns the seq delivered last.
func (v *conversation) position() protocol.Seq { return protocol.Seq(v.cursor.Load()) }

// resumes reports whether the next join continues after the last entry.
func (v *conversation) resumes() bool { return v.resumable && !v.join.Follow }

// learnSum notes a sum from a joined or an ack, if its entry is newer than the one known. mu is held.
func (v *conversation) learnSum(seq protocol.Seq, sum string) {
	if sum != "" && seq > v.receipt.seq {
		v.receipt = receipt{seq, sum}
	}
}

// lastKnown returns the last seq that this client knows of. It is not set if the client knows nothing. mu is held.
func (v *conversation) lastKnown() protocol.Number {
	last := v.outbox.acked
	if v.resumable {
		last = max(last, v.position())
	}
	return protocol.Number{Value: uint64(last), Set: v.resumable || last > 0}
}

// restart has the conversation joined from the start, because its record is another one. mu is held.
func (v *conversation) restart() {
	v.requested, v.ref, v.expected = false, 0, 0
	v.recheck.invalidate()
	v.log, v.receipt = "", receipt{}
	v.resumable, v.due = false, true
	v.join.After, v.join.Log = protocol.Number{}, ""
	v.join.Known, v.join.Sum = 0, ""
	v.marks = readMarks{}
	v.outbox.forgetLog()
}

// disconnected prepares for the next connection, and reports whether there is anything to write on it. mu is held.
func (v *conversation) disconnected() bool {
	v.requested, v.ref, v.expected = false, 0, 0
	v.due = v.wanted
	v.typing = typing{}
	v.recheck.disconnected()
	v.outbox.disconnected()
	return v.wanted || len(v.outbox.sends) > 0
}

// appendPosition adds the fields of a join that say where to begin.
func (v *conversation) appendPosition(dst []byte) []byte {
	if v.join.Follow {
		dst = append(dst, `,"messages":false`...)
		return appendRecord(dst, v.log, v.receipt)
	}
	switch {
	case v.resumable:
		dst = appendNumber(dst, "after", v.cursor.Load())
		return appendRecord(dst, v.log, v.receipt)
	case v.join.After.Set:
		dst = appendNumber(dst, "after", v.join.After.Value)
		return appendRecord(dst, v.join.Log, receipt{v.join.Known, v.join.Sum})
	case v.join.Limit < 0:
		return append(dst, `,"limit":0`...)
	case v.join.Limit > 0:
		return strconv.AppendInt(append(dst, `,"limit":`...), int64(v.join.Limit), 10)
	}
	return dst
}

// appendRecord adds the fields of a join that say which record it is for.
func appendRecord(dst []byte, log protocol.LogID, known receipt) []byte {
	if log != "" {
		dst = appendText(dst, "log", string(log))
	}
	if known.sum == "" {
		return dst
	}
	dst = appendNumber(dst, "known", uint64(known.seq))
	return appendText(dst, "sum", known.sum)
}
