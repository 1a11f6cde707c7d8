package disk

// sweep drops what idle conversations need not keep in memory: ids that nobody has asked for longer than they are to be
// remembered, anchors, and marks that are in their file.
func (r *Record) sweep() {
	now := r.now()
	for _, c := range r.conversations.all() {
		c.mu.Lock()
		c.anchors = nil
		if c.marks != nil && !c.marks.dirty && now.Sub(c.marks.used) > r.opts.IDs {
			c.marks = nil
		}
		c.mu.Unlock()
		if !c.idsMu.TryLock() {
			continue // in use
		}
		if c.ids != nil && now.Sub(c.ids.used) > r.opts.IDs {
			r.remembered.Add(-int64(c.ids.len()))
			c.ids = nil
		}
		c.idsMu.Unlock()
	}
}
