package client

import (
	"hash/maphash"
	"math"
	"strconv"
	"sync/atomic"

	"verbatim/protocol"
)

// proof is how who only reads finds out that an older copy of the data was put back. It is told a sum when it joins, and
// perhaps never again; so where no sum was told of the newest entry, a resumption asks for that entry once more. Where
// another one stands there now, the record has gone another way.
type proof struct {
	delivered atomic.Uint64 // hash of the entry delivered last; written by Run's goroutine

	// Guarded by Client.mu.
	of   protocol.Seq // the entry to be asked for; 0: none
	hash uint64       // its, as it was delivered; 0: whatever the answer says, the record is known to be another one
	ref  uint64       // of the request; 0: it is to be written
}

// unanswered is the ref of a request that no answer can come to any more: the entry is asked for again with the next
// join.
const unanswered = math.MaxUint64

func (p *proof) forget() { p.of, p.hash, p.ref = 0, 0, 0 }

// disconnected keeps a doubt that was not settled: what comes later proves nothing about what came before.
func (p *proof) disconnected() {
	if p.hash == 0 {
		p.forget()
	} else {
		p.ref = unanswered
	}
}

// outdated is for a record that was found to be another one meanwhile: an answer that is on its way says nothing new.
func (p *proof) outdated() {
	if p.hash = 0; p.ref == 0 {
		p.of = 0
	}
}

// doubt has the newest entry asked for, unless a sum was told of it or of a later one; or that which is in doubt
// still. mu is held.
func (p *proof) doubt(newest protocol.Seq, known receipt) {
	if p.hash != 0 {
		p.ref = 0
		return
	}
	p.forget()
	if hash := p.delivered.Load(); newest > known.seq && hash != 0 {
		p.of, p.hash = newest, hash
	}
}

// appendProof asks for the entry in doubt. mu is held.
func (c *Client) appendProof(dst []byte, v *conversation) []byte {
	v.proof.ref = c.nextRef()
	dst = appendConversation(append(dst, `{"type":"history"`...), v.id)
	dst = strconv.AppendUint(append(dst, `,"after":`...), uint64(v.proof.of)-1, 10)
	dst = strconv.AppendUint(append(dst, `,"before":`...), uint64(v.proof.of)+1, 10)
	dst = strconv.AppendUint(append(dst, `,"limit":1,"ref":"`...), v.proof.ref, 10)
	return append(dst, `"}`...)
}

// proved reports whether a reply answers such a request. Where the entry is another one, the conversation is joined from
// the start. An error settles nothing.
func (c *Client) proved(r *reply) bool {
	c.mu.Lock()
	v := c.conversations[r.Conversation]
	if v == nil || v.proof.ref == 0 || r.Ref != strconv.FormatUint(v.proof.ref, 10) {
		c.mu.Unlock()
		return false
	}
	of, hash := v.proof.of, v.proof.hash
	if len(r.Messages) == 0 {
		v.proof.disconnected()
		c.mu.Unlock()
		return true
	}
	v.proof.forget()
	if hash == 0 || !v.wanted || maphash.Bytes(c.seed, r.Messages[0]) == hash {
		c.mu.Unlock()
		return true
	}
	log := v.log
	c.startAgain(v)
	c.mu.Unlock()
	c.wakeWriter()
	if h := c.options.Handler.Reset; h != nil {
		h(Reset{Conversation: r.Conversation, Log: log, Seq: of})
	}
	return true
}
