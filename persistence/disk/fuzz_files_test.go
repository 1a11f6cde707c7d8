package disk

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"

	"verbatim/persistence"
	"verbatim/persistence/journal"
	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// bytesFile is a file that is only read.
type bytesFile struct {
	*bytes.Reader
	size int64
}

func newBytesFile(b []byte) bytesFile                { return bytesFile{bytes.NewReader(b), int64(len(b))} }
func (f bytesFile) Size() (int64, error)             { return f.size, nil }
func (bytesFile) WriteAt([]byte, int64) (int, error) { return 0, errors.ErrUnsupported }
func (bytesFile) StartSync()                         {}
func (bytesFile) Sync() error                        { return errors.ErrUnsupported }
func (bytesFile) Truncate(int64) error               { return errors.ErrUnsupported }
func (bytesFile) Close() error                       { return nil }

func someRun() journal.LinesItem { return someRunOf("lobby") }

// someRunOf is a log line and one entry of a conversation.
func someRunOf(id protocol.ConversationID) journal.LinesItem {
	log := protocol.LogID(bytes.Repeat([]byte("a"), 32))
	r := journal.LinesItem{Conversation: id, Log: log, First: 1, Count: 1, Time: 1}
	r.Lines, r.Before = transcript.AppendLogLine(nil, id, log, 1)
	m := protocol.Message{Conversation: id, Seq: 1, From: "ann", Time: 1, Text: `"x"`}
	r.Lines, _ = transcript.AppendEntryLine(r.Lines, m.AppendJSON(new(desk).salt(), nil), r.Before)
	return r
}

// transcriptOf makes a whole transcript of n entries.
func transcriptOf(n int) []byte {
	x := someRun()
	text, sum := bytes.Clone(x.Lines), x.Sum()
	for seq := 2; seq <= n; seq++ {
		m := protocol.Message{Conversation: "lobby", Seq: protocol.Seq(seq), ID: "i", From: "ann", Time: protocol.Time(seq), Text: `"x"`}
		text, sum = transcript.AppendEntryLine(text, m.AppendJSON(new(desk).salt(), nil), sum)
	}
	return text
}

// summed makes a transcript whose sums hold of lines that are wire bytes: else the sums keep the fuzzer out.
func summed(lines []byte) []byte {
	text, sum := transcript.AppendLogLine(nil, "lobby", protocol.LogID(bytes.Repeat([]byte("a"), 32)), 1)
	for line := range bytes.SplitSeq(lines, []byte("\n")) {
		if len(line) > 0 {
			text, sum = transcript.AppendEntryLine(text, append(bytes.Repeat([]byte("s"), transcript.SaltLen), line...), sum)
		}
	}
	return text
}

// FuzzTranscript: whatever lies in a transcript's file, its readers end; and what verify finds whole, a start and a
// replay take for the same.
func FuzzTranscript(f *testing.F) {
	f.Add(transcriptOf(1), false)
	f.Add(transcriptOf(3), false)
	f.Add(append(transcriptOf(2), "{\"type\":\"mess"...), false)
	f.Add(bytes.Repeat([]byte{0}, 5000), false)
	f.Add([]byte("\n\n\n"), false)
	m := protocol.Message{Conversation: "lobby", Seq: 1, ID: "i", From: "ann", Time: 1, Text: `"x"`}
	one := m.AppendJSON(nil, nil)
	m.Seq, m.Target, m.Meta = 2, 1, `{"a":[1]}`
	f.Add(one, true)
	f.Add(m.AppendJSON(append(one, '\n'), nil), true)
	f.Fuzz(func(t *testing.T, content []byte, wires bool) {
		if wires {
			content = summed(content)
		}
		l := VerifyLine{ID: "lobby"}
		whole := (&Offline{}).verifyLines(context.Background(), &opened{Reader: bytes.NewReader(content), size: unknownSize}, &l, nil)
		tail, size, err := transcript.ReadEnds(newBytesFile(content), "lobby")
		var broken *transcript.IntegrityError
		if err != nil && !errors.As(err, &broken) {
			t.Fatalf("it cannot be read: %v", err)
		}
		if whole != nil {
			return
		}
		if err != nil || size != int64(len(content)) || tail.Log != l.Log || tail.Last != l.Entries || tail.Sum != l.Last {
			t.Errorf("verify finds %+v, a start %+v, %d bytes, %v", l, tail, size, err)
		}
		head, _, _ := bytes.Cut(content, []byte("\n"))
		first, ok := transcript.ParseLogLine(head)
		if got, n := transcript.Extend(transcript.End{Log: first.Log, Sum: first.Sum}, content[len(head)+1:]); !ok || got.Last != l.Entries || got.Sum != l.Last || n != size-int64(len(head))-1 {
			t.Errorf("verify finds %+v, the chain goes on to %+v, %d bytes", l, got, n)
		}
	})
}

// FuzzCatalogue: whatever lies in the catalogue's file, reading it ends, and what it accepts is written as it was.
func FuzzCatalogue(f *testing.F) {
	x := someRun()
	c := catalogue{floor: 3, entries: []catalogued{{x.Conversation, persistence.Tail{Log: x.Log, Last: 1, Time: 1, Sum: x.Sum()}, x.End()}}}
	f.Add(c.encode())
	f.Add((&catalogue{}).encode())
	f.Add([]byte(catalogueMagic))
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) >= 8 { // else the checksum keeps the fuzzer out
			content = bytes.Clone(content)
			copy(content, catalogueMagic)
			binary.LittleEndian.PutUint32(content[4:], crc32.Checksum(content[8:], crcTable))
		}
		c, err := decodeCatalogue(content)
		if err != nil {
			return
		}
		again, err := decodeCatalogue(c.encode())
		if err != nil || again.floor != c.floor || len(again.entries) != len(c.entries) {
			t.Fatalf("%+v is written, and read as %+v, %v", c, again, err)
		}
		for i := range c.entries {
			if c.entries[i] != again.entries[i] {
				t.Errorf("%+v is written, and read as %+v", c.entries[i], again.entries[i])
			}
		}
	})
}
