package client

import (
	"hash/maphash"
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

func (p *proof) forget() { p.of, p.hash, p.ref = 0, 0, 0 }

// outdated is for a record that was found to be another one meanwhile: an answer that is on its way says nothing new.
func (p *proof) outdated() {
	if p.hash = 0; p.ref == 0 {
		p.of = 0
	}
}

// doubt has the newest entry asked for, unless a sum was told of it or of a later one. mu is held.
func (p *proof) doubt(newest protocol.Seq, known receipt) {
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
// the start. An error says nothing: the join says more.
func (c *Client) proved(r *reply) bool {
	c.mu.Lock()
	v := c.conversations[r.Conversation]
	if v == nil || v.proof.ref == 0 || r.Ref != strconv.FormatUint(v.proof.ref, 10) {
		c.mu.Unlock()
		return false
	}
	of, hash := v.proof.of, v.proof.hash
	v.proof.forget()
	same := hash == 0 || len(r.Messages) == 0 || maphash.Bytes(c.seed, r.Messages[0]) == hash
	if same || !v.wanted {
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
