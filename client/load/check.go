package load

import "slices"

// check compares every reader with what was acknowledged, and all readers of a conversation with each other. The
// clients are closed.
func (r *run) check() {
	for _, v := range r.conversations {
		for _, p := range v.publishers {
			r.checkPublisher(v, p)
		}
		first := v.members[0]
		for _, m := range v.members[1:] {
			if slices.Equal(m.seen, first.seen) && m.order != first.order {
				r.violations.add(orderKind, "%s: sockets %d and %d saw the same messages in different orders",
					v.id, first.index, m.index)
			}
		}
	}
}

// checkPublisher checks that each message of a publisher was acknowledged and seen by every member.
func (r *run) checkPublisher(v *conversation, p *member) {
	if p.acked < p.sent {
		r.violations.add(unackedKind, "%s: messages %d to %d of socket %d within %v",
			v.id, p.acked+1, p.sent, p.index, r.o.Deadline)
	}
	for _, m := range v.members {
		if seen := m.seen[p.publisher]; seen < p.acked {
			r.violations.add(lostKind,
				"%s: messages %d to %d of publisher %d were acknowledged and not seen by socket %d within %v",
				v.id, seen+1, p.acked, p.publisher, m.index, r.o.Deadline)
		}
	}
}
