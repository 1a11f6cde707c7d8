package disk

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"verbatim/protocol"
)

// A transcript is lines. The first one, the log line, names the log and seeds the chain of sums:
//
//	{"type":"log","format":2,"conversation":"lobby","log":"9f2c…","time":"…","sum":"…"}
//
// Every other line is an entry: the very bytes that clients get, with two fields more at their end:
//
//	{"type":"message","conversation":"lobby","seq":1,…,"salt":"…","sum":"…"}
//
// where c = SHA-256(salt ‖ wire) and sum = SHA-256(sum before ‖ c ‖ kept), all as characters, each cut to 128 bits, and
// kept is the wire bytes before the words: place, id, author and time. So the words can be taken out of a line later,
// c put in the salt's place, and what stays is still bound by the sum. Nothing takes words out yet: a line with "hash"
// in the salt's place was changed by somebody, and is refused.
const (
	saltLen = 22
	sumLen  = 32

	saltKey = `,"salt":"`
	hashKey = `,"hash":"`
	sumKey  = `,"sum":"`

	lineFormat = `{"type":"log","format":`
	logBegin   = lineFormat + `2,"conversation":"`

	// suffixLen is what an entry's line has in place of the final } of its wire bytes, newline not counted.
	suffixLen = len(saltKey) + saltLen + 1 + len(sumKey) + sumLen + 2
)

// hash128 is the first 128 bits of SHA-256, as hex digits.
func hash128(b []byte) (out protocol.Sum) {
	sum := sha256.Sum256(b)
	hex.Encode(out[:], sum[:16])
	return out
}

// chain makes the sum of an entry from the sum before it and its own bytes: its salt, and then its wire bytes. It works
// in scratch's spare room.
func chain(scratch []byte, before protocol.Sum, salted []byte) protocol.Sum {
	c := hash128(salted)
	scratch = append(append(scratch[:0], before[:]...), c[:]...)
	return hash128(append(scratch, kept(salted[saltLen:])...))
}

// kept is the part of an entry's wire bytes that stays when its words are taken out: all before the first field with
// words in it. A quote within a string is escaped, so that what looks like a field's name is one.
func kept(wire []byte) []byte {
	for _, words := range [...]string{`,"text":`, `,"emoji":`, `,"reason":`} {
		if i := bytes.Index(wire, []byte(words)); i >= 0 {
			wire = wire[:i]
		}
	}
	return wire
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
	dst = append(dst, logBegin...)
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
	sum := chain(dst[len(dst):], before, salted)
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
	head []byte // the wire bytes but for the final }
	salt []byte
	sum  protocol.Sum
}

// parseEntryLine takes a line apart, newline left out. It does not look at what the wire bytes say.
func parseEntryLine(line []byte) (e entryLine, ok bool) {
	n := len(line) - suffixLen
	if n <= 0 || string(line[n:n+len(saltKey)]) != saltKey {
		return e, false
	}
	e.head, e.salt = line[:n], line[n+len(saltKey):n+len(saltKey)+saltLen]
	rest := line[n+len(saltKey)+saltLen:]
	if rest[0] != '"' || !isSalt(e.salt) {
		return e, false
	}
	e.sum, ok = cutSum(rest[1:])
	return e, ok
}

// isSalt reports whether all of it are base64url digits.
func isSalt(b []byte) bool {
	for _, c := range b {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// notEntry returns why a line is no entry, in words for the person who has to mend it.
func notEntry(line []byte) string {
	if bytes.Contains(line, []byte(hashKey)) && !bytes.Contains(line, []byte(saltKey)) {
		return "it has a hash in its salt's place, as a redacted entry will have one day: this version makes none, so somebody changed the line"
	}
	return "it does not end in salt and sum"
}

// cutSum reads `,"sum":"…"}` and nothing else.
func cutSum(b []byte) (protocol.Sum, bool) {
	if len(b) != len(sumKey)+sumLen+2 || string(b[:len(sumKey)]) != sumKey || string(b[len(b)-2:]) != `"}` {
		return protocol.Sum{}, false
	}
	return protocol.ParseSum(string(b[len(sumKey) : len(b)-2]))
}

// appendWire adds the entry as clients get it.
func (e *entryLine) appendWire(dst []byte) []byte { return append(append(dst, e.head...), '}') }

// chain is the sum that the line must have after the one with the sum before. It works in scratch's room, and returns it.
func (e *entryLine) chain(scratch []byte, before protocol.Sum) (protocol.Sum, []byte) {
	scratch = e.appendWire(append(scratch[:0], e.salt...))
	return chain(scratch[len(scratch):], before, scratch), scratch
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
	const begin, mid, tim = logBegin, `","log":"`, `","time":"`
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
	_, isLog := protocol.ParseSum(string(l.log)) // as many hex digits
	if !ok || !l.conversation.Valid() || !isLog {
		return l, false
	}
	again, _ := appendLogLine(make([]byte, 0, len(line)+1), l.conversation, l.log, l.time)
	return l, string(again) == string(line)+"\n"
}

// notLogLine returns why a first line is not this conversation's, in words for the person who has to mend it.
func notLogLine(line []byte) string {
	if format, ok := bytes.CutPrefix(line, []byte(lineFormat)); ok && !bytes.HasPrefix(line, []byte(logBegin)) {
		format, _, _ = bytes.Cut(format, []byte(","))
		return fmt.Sprintf("its first line has the format %.20q, and this program reads format %d", format, formatVersion)
	}
	return "its first line is not a log line of this conversation"
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
