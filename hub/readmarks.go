package hub

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"verbatim/protocol"
)

// mark is up to where a user has read.
type mark struct {
	name   protocol.UserID
	seq    protocol.Seq
	by     *Member   // whose request set it: it needs no telling
	toldAt time.Time // when it went out last
	dirty  bool
}

func (c *Conversation) markOf(name protocol.UserID) protocol.Seq {
	if k := c.marks[name]; k != nil {
		return k.seq
	}
	return 0
}

// read moves a mark forward. It is kept at once (the record writes it without anybody waiting) and told on a tick.
func (c *Conversation) read(m *Member, seq protocol.Seq) {
	k := c.marks[m.User]
	if k == nil {
		if seq == 0 {
			return
		}
		k = &mark{name: protocol.UserID(strings.Clone(string(m.User)))}
		c.marks[k.name] = k
	}
	if seq <= k.seq {
		return // it never goes back
	}
	k.seq, k.by = seq, m
	c.rank(k)
	c.loop.hub.store.Mark(c.ID, m.User, seq)
	c.dirty.events++
	c.reads = nil
	if !k.dirty {
		k.dirty = true
		c.dirty.marks = append(c.dirty.marks, k)
		c.loop.schedule(c, later(time.Now().Add(tick), k.toldAt.Add(atMost)))
	}
}

// takeMarks tells of the marks that may be told now; those told less than atMost ago wait. A crowd's marks go to the
// user's own sessions alone, and so does what followers get: each has a place for the newest, so that nobody else is
// woken for it.
func (c *Conversation) takeMarks(now time.Time) {
	crowd := c.crowd()
	c.dirty.marks = slices.DeleteFunc(c.dirty.marks, func(k *mark) bool {
		if now.Before(k.toldAt.Add(atMost)) {
			return false
		}
		k.dirty, k.toldAt = false, now
		frame := c.markFrame(k)
		if !crowd {
			c.add(part{about: k.name, by: k.by, mark: true, frame: frame})
		}
		for _, m := range c.sessions[k.name] {
			if m != k.by && (crowd || m.Kind == Following) {
				m.own.Store(&frame)
				m.Wake()
			}
		}
		k.by = nil
		return true
	})
}

func (c *Conversation) markFrame(k *mark) []byte {
	return protocol.Frame(protocol.Read{Conversation: c.ID, User: k.name, Seq: k.seq})
}

// setMarks takes in the marks that the record has kept.
func (c *Conversation) setMarks(marks map[protocol.UserID]*mark) {
	c.marks = marks
	c.furthest = slices.SortedFunc(maps.Values(marks), further)
	c.furthest = slices.Clone(c.furthest[:min(len(c.furthest), c.loop.hub.names+1)])
}

// rank keeps the furthest marks in order as one of them moves, which is always forward: one more than are ever shown,
// since nobody is shown its own.
func (c *Conversation) rank(k *mark) {
	if i := slices.Index(c.furthest, k); i >= 0 {
		c.furthest = slices.Delete(c.furthest, i, i+1)
	}
	i, _ := slices.BinarySearchFunc(c.furthest, k, further)
	c.furthest = slices.Insert(c.furthest, i, k)
	c.furthest = c.furthest[:min(len(c.furthest), c.loop.hub.names+1)]
}

func further(a, b *mark) int { return cmp.Or(cmp.Compare(b.seq, a.seq), cmp.Compare(a.name, b.name)) }

// readsJSON is the others' marks, at most Options.Names of them: the furthest ones.
func (c *Conversation) readsJSON(self protocol.UserID) []byte {
	among := slices.Contains(c.furthest, c.marks[self])
	if !among && c.reads != nil {
		return c.reads
	}
	list := slices.DeleteFunc(slices.Clone(c.furthest), func(k *mark) bool { return k.name == self })
	list = list[:min(len(list), c.loop.hub.names)]
	slices.SortFunc(list, func(a, b *mark) int { return cmp.Compare(a.name, b.name) })
	out := []byte("{")
	for i, k := range list {
		out = protocol.AppendReadMark(out, k.name, k.seq, i == 0)
	}
	out = append(out, '}')
	if !among {
		c.reads = out
	}
	return out
}
