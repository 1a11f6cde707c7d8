package transcript

import (
	"bytes"

	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// End is how far a transcript goes.
type End struct {
	Log  protocol.LogID
	Last protocol.Seq  // of the last entry
	Time protocol.Time // Last's
	Sum  protocol.Sum  // Last's
}

// ReadEnds returns what a transcript's first and last lines say, and the file's size. If they are not what they must
// be, the error is an *IntegrityError without a path.
func ReadEnds(f vfs.File, id protocol.ConversationID) (tail End, size int64, err error) {
	size, err = f.Size()
	if err != nil {
		return tail, 0, err
	}
	head, err := ReadHead(f, size)
	if err != nil {
		return tail, size, err
	}
	l, ok := ParseLogLine(head)
	if !ok || l.Conversation != id {
		return tail, size, &IntegrityError{What: NotLogLine(head)}
	}
	tail.Log = l.Log
	last, err := ReadLast(f, size)
	if err != nil {
		return tail, size, err
	}
	e, ok := ParseEntryLine(last)
	tail.Last, _ = protocol.EntrySeq(last)
	t, dated := EntryTime(e.Wire)
	if !ok {
		return tail, size, &IntegrityError{What: "its last line is not a whole entry: " + NotEntry(last)}
	}
	if !dated || tail.Last == 0 {
		return tail, size, &IntegrityError{What: "its last line is not a whole entry"}
	}
	tail.Time, tail.Sum = t, e.Sum
	return tail, size, nil
}

// ReadHead returns a transcript's first line, newline left out, or nil if there is none. size is the file's.
func ReadHead(f vfs.File, size int64) ([]byte, error) {
	buf := make([]byte, min(size, 512)) // a log line has less than 300 bytes
	if err := vfs.ReadFull(f, buf, 0); err != nil {
		return nil, err
	}
	if n := bytes.IndexByte(buf, '\n'); n >= 0 {
		return buf[:n], nil
	}
	return nil, nil
}

// ReadLast returns the line that ends at an offset, newline left out, or nil if none does.
func ReadLast(f vfs.File, end int64) ([]byte, error) {
	for n := int64(4096); ; n *= 4 {
		n = min(n, end)
		buf := make([]byte, n)
		if err := vfs.ReadFull(f, buf, end-n); err != nil {
			return nil, err
		}
		if n == 0 || buf[n-1] != '\n' {
			return nil, nil
		}
		buf = buf[:n-1]
		if i := bytes.LastIndexByte(buf, '\n'); i >= 0 {
			return buf[i+1:], nil
		}
		if n == end || n > MaxLine {
			return buf, nil
		}
	}
}

// MaxLine bounds a line that is looked for, in bytes: no message is longer.
const MaxLine = 16 << 20
