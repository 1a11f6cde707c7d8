package client

import (
	"math"
	"sync/atomic"

	"verbatim/protocol"
)

// recheck is how a client that only reads finds out that the server's data was replaced by an older copy. Such a
// client is told a sum when it joins and perhaps never again. So if it knows no sum of the newest entry, it requests
// that entry again when it resumes, and compares. If another entry is there now, the record is another one.
type recheck struct {
	lastHash atomic.Uint64 // hash of the entry delivered last; written by Run's goroutine

	// Guarded by Client.mu.
	seq  protocol.Seq // the entry to request; 0: none
	hash uint64       // of that entry as it was delivered; 0: the answer no longer matters
	ref  uint64       // of the request; 0: it is still to be written
}

// unanswerable is the ref of a request that no answer can come to any more. The next join requests the entry again.
const unanswerable = math.MaxUint64

func (k *recheck) clear() { k.seq, k.hash, k.ref = 0, 0, 0 }

// pending reports whether a request is to be written.
func (k *recheck) pending() bool { return k.seq != 0 && k.ref == 0 }

// disconnected keeps a check that has no result: entries that come later prove nothing about earlier ones.
func (k *recheck) disconnected() {
	if k.hash == 0 {
		k.clear()
	} else {
		k.ref = unanswerable
	}
}

// invalidate is called if the join begins again: the result of a request in flight no longer matters.
func (k *recheck) invalidate() {
	if k.hash = 0; k.ref == 0 {
		k.seq = 0
	}
}

// start requests the newest entry, unless the sum of it or of a later one is known. An earlier check without a result
// takes precedence.
func (k *recheck) start(newest protocol.Seq, known receipt) {
	if k.hash != 0 {
		k.ref = 0
		return
	}
	k.clear()
	if hash := k.lastHash.Load(); newest > known.seq && hash != 0 {
		k.seq, k.hash = newest, hash
	}
}
