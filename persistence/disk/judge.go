package disk

import (
	"context"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
)

// lockIDs sees to it that the ids are in memory; unless it fails it leaves idsMu locked.
func (t *turn) lockIDs() (err error) {
	if !t.shared {
		t.c.idsMu.Lock()
	} else if !t.c.idsMu.TryLock() {
		return errWaits // somebody may be reading them
	}
	if t.shared && t.c.ids == nil && !t.created {
		err = errWaits
	} else {
		t.ids, err = t.r.idsOf(context.Background(), t.c)
	}
	if err != nil {
		t.c.idsMu.Unlock()
	}
	return err
}

// judge says why a send is refused. One that is a duplicate it settles, or notes as a repeat; s.Seq is then not 0.
func (t *turn) judge(s *persistence.Send) *protocol.Error {
	var key uint64
	s.Seq, s.Duplicate = 0, false
	if s.Expects != "" && s.Expects != t.p.Log {
		return protocol.Reset()
	}
	if s.ID != "" {
		key = idKey(t.r.seed, s.Author, s.ID)
		if known, err := t.known(s, key); known || err != nil {
			return err
		}
	}
	if (s.ID != "" || s.Prev != "") && t.ids.holed(s) {
		return protocol.Unavailable("the message waited for the disk too long; send it again with the same id", time.Second)
	}
	next := t.p.First + protocol.Seq(len(t.accepted))
	if s.Prev != "" && !t.stands(s) {
		return protocol.Errorf(protocol.CodeOutOfOrder, "prev %q is not on the record: send it first, then this", s.Prev)
	}
	if s.Target >= next {
		return protocol.BeyondLast("target", s.Target, next-1)
	}
	if s.ID != "" {
		if t.keys == nil {
			t.keys = make(map[uint64]int)
		}
		t.keys[key] = len(t.accepted)
	}
	return nil
}

// stands says whether a send's prev is on the record, or goes there before it.
func (t *turn) stands(s *persistence.Send) bool {
	key := idKey(t.r.seed, s.Author, s.Prev)
	if _, ok := t.keys[key]; ok {
		return true
	}
	return s.FoundPrev != 0 || t.ids.find(key) != 0
}
