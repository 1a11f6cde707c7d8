package persistence

import "verbatim/protocol"

// Entries is a run of entries with consecutive seqs, as ready WebSocket frames one after another. After it was made it
// is never changed: the ring, the history and every session share it.
type Entries struct {
	First  protocol.Seq
	Frames []byte
	Ends   []uint32      // Ends[i] is where the frame of First+i ends in Frames
	At     protocol.Time // when its entries were committed; 0: they were read back
}

// Len returns how many entries there are.
func (e *Entries) Len() int { return len(e.Ends) }

// Last returns the seq of the last entry, or First-1 if there is none.
func (e *Entries) Last() protocol.Seq { return e.First + protocol.Seq(len(e.Ends)) - 1 }

// Holds reports whether the entry with that seq is in it.
func (e *Entries) Holds(seq protocol.Seq) bool { return e.First <= seq && seq <= e.Last() }

// Add puts one more entry, as its JSON, at the end. Only the maker of the entries may call it.
func (e *Entries) Add(wire []byte) {
	e.Frames = protocol.AppendFrame(e.Frames, wire)
	e.Ends = append(e.Ends, uint32(len(e.Frames)))
}

// Frame returns the frame of one entry. The entry must be in it.
func (e *Entries) Frame(seq protocol.Seq) []byte {
	i := int(seq - e.First)
	return e.Frames[e.start(i):e.Ends[i]]
}

// Wire returns the JSON of one entry. The entry must be in it.
func (e *Entries) Wire(seq protocol.Seq) []byte { return protocol.Payload(e.Frame(seq)) }

// Run returns the frames from the seq `from` on, and the seq of the last of them. It returns as many as fit into maxBytes
// bytes, and at least one.
func (e *Entries) Run(from protocol.Seq, maxBytes int) (frames []byte, last protocol.Seq) {
	i := int(from - e.First)
	start := e.start(i)
	end := i
	for end+1 < len(e.Ends) && int(e.Ends[end+1])-start <= maxBytes {
		end++
	}
	return e.Frames[start:e.Ends[end]], e.First + protocol.Seq(end)
}

// Cut returns the entries from `from` to `to`, as many as fit into maxBytes bytes, and at least one. They share the bytes
// of e.
func (e *Entries) Cut(from, to protocol.Seq, maxBytes int) *Entries {
	frames, last := e.Run(from, maxBytes)
	last = min(last, to)
	i, n := int(from-e.First), int(last-from)+1
	if i == 0 && n == len(e.Ends) {
		return e
	}

	start := uint32(e.start(i))
	cut := &Entries{First: from, At: e.At, Ends: make([]uint32, n)}
	for k := range cut.Ends {
		cut.Ends[k] = e.Ends[i+k] - start
	}
	cut.Frames = frames[:cut.Ends[n-1]]
	return cut
}

func (e *Entries) start(i int) int {
	if i == 0 {
		return 0
	}
	return int(e.Ends[i-1])
}
