package hub

// wakeStep is how many members are woken before other conversations get a turn: 10,000 sleepers take 1.9 ms.
const wakeStep = 256

// memberList is members in no order. Each knows its place, so that one leaves as quickly a long list as a short one.
type memberList []*Member

func (l *memberList) add(m *Member) {
	m.index = len(*l)
	*l = append(*l, m)
}

// remove takes m out. It returns the member that moved to its place, or nil if none did, and reports whether m was in
// the list.
func (l *memberList) remove(m *Member) (moved *Member, found bool) {
	list := *l
	if m.index >= len(list) || list[m.index] != m {
		return nil, false
	}

	end := len(list) - 1
	if m.index != end {
		moved = list[end]
		list[m.index] = moved
		moved.index = m.index
	}
	list[end] = nil
	*l = list[:end]
	return moved, true
}

// wakeList is the members of a conversation that are woken for what is new, and the pass that wakes them. A pass goes
// in steps, and members come and go between two of them. The shard owns it.
type wakeList struct {
	members memberList

	passing bool // a pass is under way
	again   bool // another one must follow it
	passed  int  // how many members the pass has woken
}

// remove takes m out, and reports whether it was in the list. A member that moves to a place which the pass has been at
// already is woken here.
func (w *wakeList) remove(m *Member) bool {
	moved, found := w.members.remove(m)
	if moved != nil && w.passing && moved.index < w.passed {
		moved.Wake()
	}
	return found
}

// begin asks for a pass, and reports whether it begins now. If one is under way, another one follows it: for members
// that have not slept meanwhile that costs one atomic load each.
func (w *wakeList) begin() bool {
	if w.passing {
		w.again = true
		return false
	}
	w.passing = true
	w.passed = 0
	return true
}

// step wakes the next wakeStep members of the pass, and reports whether there is more to do.
func (w *wakeList) step() (more bool) {
	end := min(w.passed+wakeStep, len(w.members))
	for _, m := range w.members[min(w.passed, end):end] {
		m.Wake()
	}

	w.passed = end
	if end >= len(w.members) {
		w.passed = 0
		w.passing = w.again
		w.again = false
	}
	return w.passing
}
