package disk

import (
	"bytes"
	"testing"

	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// segmentOf makes a segment with a head and one block of the runs.
func segmentOf(runs ...run) []byte {
	j := &journal{owner: "x", current: &segment{number: 7}}
	content := j.appendHead(nil)
	start := len(content)
	content = beginBlock(content)
	for i := range runs {
		content = appendRun(content, &runs[i])
	}
	content = appendMark(content, markItem{"lobby", protocol.LogID(bytes.Repeat([]byte("a"), 32)), "ann", 1})
	return append(endBlock(content, start, 7, 1), make([]byte, 2*blockAlign)...)
}

func someRun() run { return someRunOf("lobby") }

// someRunOf is a log line and one entry of a conversation.
func someRunOf(id protocol.ConversationID) run {
	log := protocol.LogID(bytes.Repeat([]byte("a"), 32))
	r := run{conversation: id, log: log, first: 1, count: 1, time: 1}
	r.lines, r.before = transcript.AppendLogLine(nil, id, log, 1)
	m := protocol.Message{Conversation: id, Seq: 1, From: "ann", Time: 1, Text: `"x"`}
	r.lines, _ = transcript.AppendEntryLine(r.lines, m.AppendJSON(new(desk).salt(), nil), r.before)
	return r
}

// FuzzSegment: whatever lies in a segment, reading it ends, and what it accepts is written as it was.
func FuzzSegment(f *testing.F) {
	whole := segmentOf(someRun())
	f.Add(whole, int64(unknownEnd))
	f.Add(whole, int64(2*blockAlign))
	f.Add(whole[:blockAlign+100], int64(unknownEnd))
	f.Add([]byte{}, int64(blockAlign))
	f.Fuzz(func(t *testing.T, content []byte, limit int64) {
		if limit < 0 {
			limit = unknownEnd
		}
		valid, err := scanSegment(content, 7, "7", limit, func(at int64, payload []byte) error {
			var again []byte
			err := visitItems(payload, visitor{
				run:   func(r run) error { again = appendRun(again, &r); _ = r.sum(); return nil },
				mark:  func(m markItem) error { again = appendMark(again, m); return nil },
				live:  func(l liveItem) error { again = appendLive(again, l); return nil },
				owner: func(id string) error { again = appendOwner(again, id); return nil },
			})
			if err == nil && len(again) > len(payload) {
				t.Errorf("%d bytes were read, and are %d when written", len(payload), len(again))
			}
			return err
		})
		if valid > int64(len(content))+blockAlign || err == nil && limit != unknownEnd && valid < limit {
			t.Errorf("valid up to %d of %d, with the limit %d: %v", valid, len(content), limit, err)
		}
	})
}

// FuzzItems reads items without the checksum that protects them.
func FuzzItems(f *testing.F) {
	whole := segmentOf(someRun())
	payload, _, _, _ := readBlock(whole[blockAlign:], 7)
	f.Add(payload)
	head, _, _, _ := readBlock(whole, 7)
	f.Add(head)
	f.Add(appendLive(nil, liveItem{3, 4096}))
	f.Fuzz(func(t *testing.T, payload []byte) {
		_ = visitItems(payload, visitor{
			run: func(r run) error {
				if r.end() < r.offset || !r.conversation.Valid() {
					t.Errorf("a run from %d to %d of %q", r.offset, r.end(), r.conversation)
				}
				_ = r.sum()
				return nil
			},
			mark: func(markItem) error { return nil }, live: func(liveItem) error { return nil },
		})
	})
}
