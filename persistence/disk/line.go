package disk

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

	"verbatim/protocol"
)

// A transcript is lines. The first one, the log line, names the log and seeds the chain of sums:
//
//	{"type":"log","format":1,"conversation":"lobby","log":"9f2c…","time":"…","sum":"…"}
//
// Every other line is an entry: the very bytes that clients get, with two fields more at their end:
//
//	{"type":"message","conversation":"lobby","seq":1,…,"salt":"…","sum":"…"}
//
// where c = SHA-256(salt ‖ wire) and sum = SHA-256(sum before ‖ c), all as characters, each cut to 128 bits. A line
// whose text was erased has "hash":c in place of the salt, and blanks up to its old length.
const (
	saltLen = 22
	sumLen  = 32

	saltKey = `,"salt":"`
	hashKey = `,"hash":"`
	sumKey  = `,"sum":"`

	// suffixLen is what an entry's line has in place of the final } of its wire bytes, newline not counted.
	suffixLen = len(saltKey) + saltLen + 1 + len(sumKey) + sumLen + 2
)

// hash128 is the first 128 bits of SHA-256, as hex digits.
func hash128(b []byte) (out protocol.Sum) {
	sum := sha256.Sum256(b)
	hex.Encode(out[:], sum[:16])
	return out
}

// chain makes the sum of an entry from the sum before it and its own c.
func chain(before, c protocol.Sum) protocol.Sum {
	var both [2 * sumLen]byte
	copy(both[:], before[:])
	copy(both[sumLen:], c[:])
	return hash128(both[:])
}

// newLog makes the identity of a conversation's record.
func newLog() protocol.LogID {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return protocol.LogID(hex.EncodeToString(b[:]))
}

// appendLogLine adds a transcript's first line, newline included, and gives its sum.
func appendLogLine(dst []byte, id protocol.ConversationID, log protocol.LogID, t protocol.Time) ([]byte, protocol.Sum) {
	start := len(dst)
	dst = append(dst, `{"type":"log","format":1,"conversation":"`...)
	dst = append(dst, id...)
	dst = append(dst, `","log":"`...)
	dst = append(dst, log...)
	dst = append(dst, `","time":"`...)
	dst = t.Append(dst)
	dst = append(dst, `"}`...)
	sum := hash128(dst[start:])
	dst = append(dst[:len(dst)-1], sumKey...)
	dst = append(dst, sum[:]...)
	return append(dst, "\"}\n"...), sum
}

// appendEntryLine adds an entry's line, newline included, and gives its sum. salted is its salt and then its wire
// bytes.
func appendEntryLine(dst, salted []byte, before protocol.Sum) ([]byte, protocol.Sum) {
	sum := chain(before, hash128(salted))
	dst = append(dst, salted[saltLen:len(salted)-1]...)
	dst = append(dst, saltKey...)
	dst = append(dst, salted[:saltLen]...)
	dst = append(dst, '"')
	dst = append(dst, sumKey...)
	dst = append(dst, sum[:]...)
	return append(dst, "\"}\n"...), sum
}

// entryLine is an entry's line taken apart. Its slices are parts of the line.
type entryLine struct {
	head   []byte // the wire bytes but for the final }
	salt   []byte // nil where the text was erased
	hash   []byte // nil where it was not
	sum    protocol.Sum
	intact bool // as it was written, with nothing erased
}

// parseEntryLine takes a line apart, newline left out. It does not look at what the wire bytes say.
func parseEntryLine(line []byte) (e entryLine, ok bool) {
	if n := len(line) - suffixLen; n > 0 && string(line[n:n+len(saltKey)]) == saltKey {
		if e.sum, ok = cutSum(line[n+len(saltKey)+saltLen+1:]); ok && line[n+len(saltKey)+saltLen] == '"' {
			e.head, e.salt, e.intact = line[:n], line[n+len(saltKey):n+len(saltKey)+saltLen], true
			return e, true
		}
	}
	return parseErased(line)
}

// cutSum reads `,"sum":"…"}` and nothing else.
func cutSum(b []byte) (protocol.Sum, bool) {
	if len(b) != len(sumKey)+sumLen+2 || string(b[:len(sumKey)]) != sumKey || string(b[len(b)-2:]) != `"}` {
		return protocol.Sum{}, false
	}
	return protocol.ParseSum(string(b[len(sumKey) : len(b)-2]))
}

// parseErased takes a line apart whose text was erased. The blanks that fill it up to its old length may stand at its
// end or before its hash.
func parseErased(line []byte) (e entryLine, ok bool) {
	line = bytes.TrimRight(line, " ")
	const tail = len(hashKey) + sumLen + 1 + len(sumKey) + sumLen + 2
	n := len(line) - tail
	if n <= 0 || string(line[n:n+len(hashKey)]) != hashKey || line[n+len(hashKey)+sumLen] != '"' {
		return e, false
	}
	e.hash = line[n+len(hashKey) : n+len(hashKey)+sumLen]
	if _, ok = protocol.ParseSum(string(e.hash)); !ok {
		return e, false
	}
	e.sum, ok = cutSum(line[n+len(hashKey)+sumLen+1:])
	e.head = bytes.TrimRight(line[:n], " ")
	return e, ok && len(e.head) > 0
}

// appendWire adds the entry as clients get it.
func (e *entryLine) appendWire(dst []byte) []byte { return append(append(dst, e.head...), '}') }

// content gives c: what the line's sum was made of, beside the sum before.
func (e *entryLine) content(scratch []byte) protocol.Sum {
	if e.hash != nil {
		return protocol.Sum(e.hash)
	}
	return hash128(e.appendWire(append(scratch[:0], e.salt...)))
}

// logLine is what a transcript's first line says.
type logLine struct {
	conversation protocol.ConversationID
	log          protocol.LogID
	time         protocol.Time
	sum          protocol.Sum
}

// parseLogLine reads a first line, newline left out, and holds it to its sum.
func parseLogLine(line []byte) (l logLine, ok bool) {
	const begin, mid, tim = `{"type":"log","format":1,"conversation":"`, `","log":"`, `","time":"`
	n := len(line) - (len(sumKey) + sumLen + 2)
	if n < 0 || !bytes.HasPrefix(line, []byte(begin)) {
		return l, false
	}
	if l.sum, ok = cutSum(line[n:]); !ok || hash128(append(bytes.Clone(line[:n]), '}')) != l.sum {
		return l, false
	}
	id, rest, ok1 := bytes.Cut(line[len(begin):n], []byte(mid))
	log, rest, ok2 := bytes.Cut(rest, []byte(tim))
	if !ok1 || !ok2 || len(rest) == 0 {
		return l, false
	}
	l.conversation, l.log = protocol.ConversationID(id), protocol.LogID(log)
	l.time, ok = protocol.ParseTime(string(rest[:len(rest)-1]))
	return l, ok && l.conversation.Valid() && len(l.log) == sumLen
}

// entryTime finds an entry's time without reading all of it. Strings before it hold no bare quote, so that the
// first `,"time":"` is the field itself.
func entryTime(head []byte) (protocol.Time, bool) {
	const key = `,"time":"`
	const digits = len("2006-01-02T15:04:05.000000Z")
	i := bytes.Index(head, []byte(key))
	if i < 0 || len(head) < i+len(key)+digits {
		return 0, false
	}
	return protocol.ParseTime(string(head[i+len(key) : i+len(key)+digits]))
}
