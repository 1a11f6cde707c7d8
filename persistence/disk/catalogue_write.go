package disk

import (
	"verbatim/persistence/datadir"
	"verbatim/persistence/transcript"
)

// writeCatalogue notes how all conversations stand, and that segments below floor are folded. What it says of a
// conversation is committed, and what of that is not synced into its transcript is in segments from floor on.
func (r *Record) writeCatalogue(floor uint64) error {
	all := r.conversations.all()
	c := datadir.Catalogue{Floor: floor, Entries: make([]datadir.Standing, 0, len(all))}
	for _, conv := range all {
		tail, size, _ := conv.snapshot()
		if tail.Log == "" { // its transcript could not be read: each start looks again
			continue
		}
		c.Entries = append(c.Entries, datadir.Standing{ID: conv.id, End: transcript.End(tail), Size: size})
	}
	return c.Write(r.fs, r.dir)
}
