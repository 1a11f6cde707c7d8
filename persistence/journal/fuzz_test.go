package journal

import (
	"bytes"
	"testing"

	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// segmentOf makes a segment with a head and one block of the runs.
func segmentOf(runs ...LinesItem) []byte {
	w := &writer{owner: "x", current: &Segment{number: 7}}
	content := w.appendHead(nil)
	start := len(content)
	content = beginBlock(content)
	for i := range runs {
		content = appendRun(content, &runs[i])
	}
	content = appendMark(content, MarkItem{"lobby", protocol.LogID(bytes.Repeat([]byte("a"), 32)), "ann", 1})
	return append(endBlock(content, start, 7, 1), make([]byte, 2*BlockAlign)...)
}

// someLines is a log line and one entry.
func someLines() LinesItem {
	log := protocol.LogID(bytes.Repeat([]byte("a"), transcript.SumLen))
	x := LinesItem{Conversation: "lobby", Log: log, First: 1, Count: 1, Time: 1}
	x.Lines, x.Before = transcript.AppendLogLine(nil, "lobby", log, 1)
	m := protocol.Message{Conversation: "lobby", Seq: 1, From: "ann", Time: 1, Text: `"x"`}
	salted := m.AppendJSON(bytes.Repeat([]byte("s"), transcript.SaltLen), nil)
	x.Lines, _ = transcript.AppendEntryLine(x.Lines, salted, x.Before)
	return x
}

// FuzzSegment: whatever lies in a segment, reading it ends, and what it accepts is written as it was.
func FuzzSegment(f *testing.F) {
	whole := segmentOf(someLines())
	f.Add(whole, int64(unknownEnd))
	f.Add(whole, int64(2*BlockAlign))
	f.Add(whole[:BlockAlign+100], int64(unknownEnd))
	f.Add([]byte{}, int64(BlockAlign))
	f.Fuzz(func(t *testing.T, content []byte, limit int64) {
		if limit < 0 {
			limit = unknownEnd
		}
		valid, err := scanSegment(content, 7, "7", limit, func(at int64, payload []byte) error {
			var again []byte
			err := visitItems(payload, Visitor{
				Lines: func(r LinesItem) error { again = appendRun(again, &r); _ = r.Sum(); return nil },
				Mark:  func(m MarkItem) error { again = appendMark(again, m); return nil },
				live:  func(l liveItem) error { again = appendLive(again, l); return nil },
				owner: func(id string) error { again = appendOwner(again, id); return nil },
			})
			if err == nil && len(again) > len(payload) {
				t.Errorf("%d bytes were read, and are %d when written", len(payload), len(again))
			}
			return err
		})
		if valid > int64(len(content))+BlockAlign || err == nil && limit != unknownEnd && valid < limit {
			t.Errorf("valid up to %d of %d, with the limit %d: %v", valid, len(content), limit, err)
		}
	})
}

// FuzzItems reads items without the checksum that protects them.
func FuzzItems(f *testing.F) {
	whole := segmentOf(someLines())
	payload, _, _, _ := readBlock(whole[BlockAlign:], 7)
	f.Add(payload)
	head, _, _, _ := readBlock(whole, 7)
	f.Add(head)
	f.Add(appendLive(nil, liveItem{3, 4096}))
	f.Fuzz(func(t *testing.T, payload []byte) {
		_ = visitItems(payload, Visitor{
			Lines: func(r LinesItem) error {
				if r.End() < r.Offset || !r.Conversation.Valid() {
					t.Errorf("a run from %d to %d of %q", r.Offset, r.End(), r.Conversation)
				}
				_ = r.Sum()
				return nil
			},
			Mark: func(MarkItem) error { return nil }, live: func(liveItem) error { return nil },
		})
	})
}
