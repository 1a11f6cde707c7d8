package inspect

import (
	"bytes"
	"context"
	"errors"
	"testing"

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

// transcriptOf makes a whole transcript of n entries.
func transcriptOf(n int) []byte {
	text, sum := transcript.AppendLogLine(nil, "lobby", protocol.LogID(bytes.Repeat([]byte("a"), transcript.SumLen)), 1)
	for seq := 1; seq <= n; seq++ {
		m := protocol.Message{
			Conversation: "lobby", Seq: protocol.Seq(seq), ID: "i", From: "ann", Time: protocol.Time(seq), Text: `"x"`,
		}
		if seq == 1 {
			m.Log = protocol.LogID(bytes.Repeat([]byte("a"), transcript.SumLen))
		}
		salted := m.AppendJSON(bytes.Repeat([]byte("s"), transcript.SaltLen), nil)
		text, sum = transcript.AppendEntryLine(text, salted, sum)
	}
	return text
}

// summed makes a transcript whose sums hold of lines that are wire bytes: else the sums keep the fuzzer out.
func summed(lines []byte) []byte {
	text, sum := transcript.AppendLogLine(nil, "lobby", protocol.LogID(bytes.Repeat([]byte("a"), 32)), 1)
	for line := range bytes.SplitSeq(lines, []byte("\n")) {
		if len(line) > 0 {
			salted := append(bytes.Repeat([]byte("s"), transcript.SaltLen), line...)
			text, sum = transcript.AppendEntryLine(text, salted, sum)
		}
	}
	return text
}

// FuzzTranscript: whatever is in a transcript's file, its readers end; and what verify finds whole, a start and a
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
		l := Finding{ID: "lobby"}
		o := &opened{Reader: bytes.NewReader(content), size: unknownSize}
		whole := (&Snapshot{}).verifyLines(context.Background(), o, &l, nil)
		tail, size, err := transcript.ReadEnds(newBytesFile(content), "lobby")
		var broken *transcript.IntegrityError
		if err != nil && !errors.As(err, &broken) {
			t.Fatalf("it cannot be read: %v", err)
		}
		if whole != nil {
			return
		}
		if err != nil || size != int64(len(content)) ||
			tail.Log != l.Log || tail.Last != l.Entries || tail.Sum != l.Last {
			t.Errorf("verify finds %+v, a start %+v, %d bytes, %v", l, tail, size, err)
		}
		head, _, _ := bytes.Cut(content, []byte("\n"))
		first, ok := transcript.ParseLogLine(head)
		got, n := transcript.Extend(transcript.End{Log: first.Log, Sum: first.Sum}, content[len(head)+1:])
		if !ok || got.Last != l.Entries || got.Sum != l.Last || n != size-int64(len(head))-1 {
			t.Errorf("verify finds %+v, the chain goes on to %+v, %d bytes", l, got, n)
		}
	})
}
