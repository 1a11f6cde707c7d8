// Package export writes a transcript for programs (jsonl, json) and for people (txt, md).
package export

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"verbatim/protocol"
)

// Formats are what a transcript can be exported as. The first is the default.
var Formats = []string{"jsonl", "json", "txt", "md"}

// ContentType returns a format's, for HTTP.
func ContentType(format string) string {
	switch format {
	case "jsonl":
		return "application/x-ndjson; charset=utf-8"
	case "json":
		return "application/json"
	case "md":
		return "text/markdown; charset=utf-8"
	default:
		return "text/plain; charset=utf-8"
	}
}

// Lines calls yield with each line of a transcript, the log line first, newlines left out, as Record.Lines does.
type Lines = func(yield func(line []byte) error) error

// Write writes a transcript: jsonl is the record's own lines; json is one object with the entries as clients get
// them; txt and md are for people. It keeps one line at a time in memory. Nothing is written before lines has
// given its first line, so that an error of lines that comes before that leaves the writer as it was.
func Write[ID ~string](w io.Writer, format string, id ID, lines Lines) error {
	out := &writer{w: w}
	var err error
	switch format {
	case "jsonl":
		err = lines(func(line []byte) error { return out.put(line, newline) })
	case "json":
		err = writeJSON(out, string(id), lines)
	case "txt":
		err = writePeople(out, lines, plainText{})
	case "md":
		err = writePeople(out, lines, markdown{id: string(id)})
	default:
		err = fmt.Errorf("export: the format %q is none of %v", format, Formats)
	}
	return err
}

var newline = []byte("\n")

// writer writes, and names what was being done where that fails.
type writer struct{ w io.Writer }

func (w *writer) put(parts ...[]byte) error {
	for _, p := range parts {
		if _, err := w.w.Write(p); err != nil {
			return fmt.Errorf("export: write: %w", err)
		}
	}
	return nil
}

// errEnough ends a pass that has all that it wants.
var errEnough = errors.New("enough")

// writeJSON goes over the lines twice: the count and the last time stand before the messages.
func writeJSON(out *writer, id string, lines Lines) error {
	var created, updated string
	count := 0
	err := lines(func(line []byte) error {
		if created == "" {
			created = timeOf(line)
			return nil
		}
		updated = timeOf(line)
		count++
		return nil
	})
	if err != nil {
		return err
	}
	head := fmt.Sprintf(`{"session_id":%q,"created_at":%q,"updated_at":%q,"message_count":%d,"messages":[`,
		id, created, updated, count)
	if err := out.put([]byte(head)); err != nil {
		return err
	}
	n := -1
	err = lines(func(line []byte) error {
		n++
		switch {
		case n == 0:
			return nil
		case n > count: // it came after the first pass
			return errEnough
		case n > 1:
			if err := out.put([]byte(",")); err != nil {
				return err
			}
		}
		wire, err := wireOf(line)
		if err != nil {
			return err
		}
		return out.put(newline, wire)
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	return out.put([]byte("\n]}\n"))
}

// writePeople writes one message after another as somebody would read it.
func writePeople(out *writer, lines Lines, as interface {
	head(dst []byte, created string) []byte
	message(dst []byte, m *protocol.Message) []byte
}) error {
	var buf []byte
	first := true
	return lines(func(line []byte) error {
		if first {
			first = false
			buf = as.head(buf[:0], timeOf(line))
			return out.put(buf)
		}
		wire, err := wireOf(line)
		if err != nil {
			return err
		}
		m, bad := protocol.ParseMessage(wire)
		if bad != nil {
			return fmt.Errorf("export: entry %d: %w", m.Seq, bad)
		}
		buf = as.message(buf[:0], &m)
		return out.put(buf)
	})
}

// timeOf gives the time of a line, as it stands there. What stands before it holds no bare quote.
func timeOf(line []byte) string {
	_, rest, _ := bytes.Cut(line, []byte(`,"time":"`))
	t, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(t)
}

// wireOf takes salt and sum off an entry's line. Who passes the lines on has held them to their sums.
func wireOf(line []byte) ([]byte, error) {
	sum := bytes.LastIndex(line, []byte(`,"sum":"`))
	if sum < 0 {
		return nil, fmt.Errorf("export: a line has no sum: %.60s", line)
	}
	end := bytes.LastIndex(line[:sum], []byte(`,"salt":"`))
	if end < 0 || sum-end > 40 {
		return nil, fmt.Errorf("export: a line has no salt: %.60s", line)
	}
	// The line may be the record's own, so that the brace goes onto a copy.
	return append(bytes.Clone(line[:end]), '}'), nil
}

// shown gives the name that stands for an author.
func shown(m *protocol.Message) string {
	if m.Name != "" && m.Name != string(m.From) {
		return m.Name + " (" + string(m.From) + ")"
	}
	return string(m.From)
}

func appendSeq(dst []byte, m *protocol.Message) []byte {
	dst = strconv.AppendUint(append(dst, '#'), uint64(m.Seq), 10)
	if m.Target != 0 {
		dst = strconv.AppendUint(append(dst, " to #"...), uint64(m.Target), 10)
	}
	return dst
}
