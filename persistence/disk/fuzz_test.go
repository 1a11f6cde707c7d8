package disk

import (
	"bytes"
	"testing"

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
	r.lines, r.before = appendLogLine(nil, id, log, 1)
	m := protocol.Message{Conversation: id, Seq: 1, From: "ann", Time: 1, Text: `"x"`}
	r.lines, _ = appendEntryLine(r.lines, m.AppendJSON(new(desk).salt(), nil), r.before)
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

// FuzzLine: a line that is taken apart is put together again as it was, and none makes the readers fail.
func FuzzLine(f *testing.F) {
	lines := bytes.Split(bytes.TrimSuffix(someRun().lines, []byte("\n")), []byte("\n"))
	f.Add(lines[0])
	f.Add(lines[1])
	f.Add([]byte(`{"type":"message","conversation":"lobby","seq":1,"from":"ann","time":"1970-01-01T00:00:00.000001Z","hash":"0123456789abcdef012345","sum":"0123456789abcdef0123456789abcdef"}  `))
	f.Add([]byte(`{"type":"message","conversation":"lobby","seq":1,"id":"a\"b","from":"ann"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if l, ok := parseLogLine(line); ok {
			if again, _ := appendLogLine(nil, l.conversation, l.log, l.time); !bytes.Equal(again, append(line, '\n')) {
				t.Errorf("%s is read, and written as %s", line, again)
			}
		}
		_, _, _ = entryID(line)
		_, _ = entryTime(line)
		(&chainWalk{}).next(line)
		e, ok := parseEntryLine(line)
		if !ok {
			return
		}
		again, _ := appendEntryLine(nil, e.appendWire(bytes.Clone(e.salt)), protocol.Sum{})
		if n := len(line) - sumLen - 2; !bytes.Equal(again[:n], line[:n]) {
			t.Errorf("%s is read, and written as %s", line, again)
		}
	})
}
