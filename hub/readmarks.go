package hub

import (
	"cmp"
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
		k = &mark{}
		c.marks[protocol.UserID(strings.Clone(string(m.User)))] = k
	}
	if seq <= k.seq {
		return // it never goes back
	}
	k.name, k.seq, k.by = m.User, seq, m
	c.loop.hub.store.Mark(c.ID, m.User, seq)
	c.dirty.events++
	c.reads = nil
	if !k.dirty {
		k.dirty = true
		c.dirty.marks = append(c.dirty.marks, k)
		c.loop.schedule(c, later(time.Now().Add(tick), k.toldAt.Add(atMost)))
	}
}

// takeMarks makes the parts of the marks that may be told now; those told less than atMost ago wait.
func (c *Conversation) takeMarks(now time.Time) {
	c.dirty.marks = slices.DeleteFunc(c.dirty.marks, func(k *mark) bool {
		if now.Before(k.toldAt.Add(atMost)) {
			return false
		}
		k.dirty, k.toldAt = false, now
		c.add(part{about: k.name, by: k.by, mark: true, own: c.crowd(), frame: c.markFrame(k)})
		k.by = nil
		return true
	})
}

func (c *Conversation) markFrame(k *mark) []byte {
	return protocol.Frame(protocol.Read{Conversation: c.ID, User: k.name, Seq: k.seq})
}

// readsJSON is the others' marks, at most Options.Names of them: the furthest ones.
func (c *Conversation) readsJSON(self protocol.UserID) []byte {
	if c.marks[self] == nil && c.reads != nil {
		return c.reads
	}
	type entry struct {
		name protocol.UserID
		seq  protocol.Seq
	}
	list := make([]entry, 0, len(c.marks))
	for name, k := range c.marks {
		if name != self {
			list = append(list, entry{name, k.seq})
		}
	}
	slices.SortFunc(list, func(a, b entry) int { return cmp.Or(cmp.Compare(b.seq, a.seq), cmp.Compare(a.name, b.name)) })
	list = list[:min(len(list), c.loop.hub.names)]
	slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	out := []byte("{")
	for i, e := range list {
		out = protocol.AppendReadMark(out, e.name, e.seq, i == 0)
	}
	out = append(out, '}')
	if c.marks[self] == nil {
		c.reads = out
	}
	return out
}
