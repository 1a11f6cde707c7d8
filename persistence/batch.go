package persistence

import "verbatim/protocol"

// Batch is a run of entries with consecutive seqs, as ready WebSocket frames one after another. After it was made it
// is never changed: the ring, the history and every session share it.
type Batch struct {
	First  protocol.Seq
	Frames []byte
	Ends   []uint32      // Ends[i] is where the frame of First+i ends in Frames
	At     protocol.Time // when its entries were committed; 0: they were read back
}

// Len says how many entries there are.
func (b *Batch) Len() int { return len(b.Ends) }

// Last is the seq of the last entry; First-1 in an empty batch.
func (b *Batch) Last() protocol.Seq { return b.First + protocol.Seq(len(b.Ends)) - 1 }

// Holds says whether the entry with that seq is in it.
func (b *Batch) Holds(seq protocol.Seq) bool { return b.First <= seq && seq <= b.Last() }

// Add puts one more entry, as its JSON, at the end. Only who makes the batch may call it.
func (b *Batch) Add(wire []byte) {
	b.Frames = protocol.AppendFrame(b.Frames, wire)
	b.Ends = append(b.Ends, uint32(len(b.Frames)))
}

// Frame gives one entry's frame.
func (b *Batch) Frame(seq protocol.Seq) []byte {
	i := int(seq - b.First)
	return b.Frames[b.start(i):b.Ends[i]]
}

// Wire gives one entry's JSON.
func (b *Batch) Wire(seq protocol.Seq) []byte { return protocol.Payload(b.Frame(seq)) }

// Run gives the frames from the seq `from` on: at least one, and no further one once maxBytes are passed; and the seq of
// the last of them.
func (b *Batch) Run(from protocol.Seq, maxBytes int) (frames []byte, last protocol.Seq) {
	i := int(from - b.First)
	start := b.start(i)
	end := i
	for end+1 < len(b.Ends) && int(b.Ends[end+1])-start <= maxBytes {
		end++
	}
	return b.Frames[start:b.Ends[end]], b.First + protocol.Seq(end)
}

// Cut gives the part from `from` to `to`, which shares this batch's bytes; at most about maxBytes, at least one entry.
func (b *Batch) Cut(from, to protocol.Seq, maxBytes int) *Batch {
	frames, last := b.Run(from, maxBytes)
	last = min(last, to)
	i, n := int(from-b.First), int(last-from)+1
	if i == 0 && n == len(b.Ends) {
		return b
	}
	start := uint32(b.start(i))
	cut := &Batch{First: from, At: b.At, Ends: make([]uint32, n)}
	for k := range cut.Ends {
		cut.Ends[k] = b.Ends[i+k] - start
	}
	cut.Frames = frames[:cut.Ends[n-1]]
	return cut
}

func (b *Batch) start(i int) int {
	if i == 0 {
		return 0
	}
	return int(b.Ends[i-1])
}
