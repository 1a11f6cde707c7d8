package e2e

import (
	"fmt"
	"time"
)

// moreAcks waits until so many further sends were acked.
func (st *storm) moreAcks(n int) {
	st.t.Helper()
	want := st.acks() + n
	eventually(st.t, fmt.Sprintf("%d more acks", n), func() bool { return st.acks() >= want || st.isBroken() })
}

func (st *storm) acks() int {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.count
}

// slowestWindow is the longest that a window of sends took until its last ack.
func (st *storm) slowestWindow() time.Duration {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.slowest
}

func (st *storm) isBroken() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return len(st.broken) > 0
}

// check compares the record with the ledger: what was acked or seen is there, once, at its seq, with its bytes.
func (st *storm) check(when string) {
	st.t.Helper()
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, b := range st.broken {
		st.t.Errorf("%s: %s", when, b)
	}
	c := st.s.dial(st.t, "checker")
	defer c.drop()
	for _, conversation := range st.conversations {
		bySeq, byID := map[int]frame{}, map[string]int{}
		j := c.join(conversation, `"after":0`)
		for _, m := range c.messages(conversation, 1, j.Last) {
			key := m.From + "/" + m.ID
			if at, twice := byID[key]; twice {
				st.t.Errorf("%s, %s: %s is recorded at %d and at %d", when, conversation, key, at, m.Seq)
			}
			bySeq[m.Seq], byID[key] = m, m.Seq
		}
		c.ask(`{"type":"leave","conversation":"%s"}`, conversation)
		for key, ack := range st.acked[conversation] {
			if m := bySeq[ack.Seq]; m.From+"/"+m.ID != key || m.Text != ack.Text || m.Time != ack.Time {
				st.t.Errorf("%s, %s: %s was acked at %d, where now stands %s (it is at %d)", when, conversation, key, ack.Seq, m, byID[key])
			}
		}
		for seq, raw := range st.seen[conversation] {
			if bySeq[seq].Raw != raw {
				st.t.Errorf("%s, %s: seq %d was seen as %s and is now %q", when, conversation, seq, raw, bySeq[seq].Raw)
			}
		}
	}
	if st.t.Failed() {
		st.t.FailNow()
	}
}

// stop lets the authors finish and the readers catch up, checks the whole, and lets verify check the chain.
func (st *storm) stop() {
	st.t.Helper()
	close(st.stopAuthors)
	st.authors.Wait()
	st.check("at the end")
	eventually(st.t, "the readers have all that was acked", func() bool {
		st.mu.Lock()
		defer st.mu.Unlock()
		for conversation, acked := range st.acked {
			for _, f := range acked {
				if _, ok := st.seen[conversation][f.Seq]; !ok {
					return false
				}
			}
		}
		return true
	})
	st.cancel()
	st.readers.Wait()
	st.check("after the readers")
	args := []string{"verify", "--data", st.s.data}
	for conversation, acked := range st.acked {
		for _, f := range acked {
			args = append(args, "--receipt", fmt.Sprintf("%s:%d:%s", conversation, f.Seq, f.Sum))
			break
		}
	}
	if code, stdout, stderr := verbatim(st.t, args...); code != 0 {
		st.t.Errorf("verify: exit %d: %s%s", code, tail(stdout, 1000), tail(stderr, 1000))
	}
	st.t.Logf("%d acks, the slowest window %v", st.count, st.slowest)
}
