// Package transcript is the format of a conversation's file: lines, each bound to all before it by a chain of sums.
//
// format.go makes and reads a line, walk.go holds lines to the chain one after another, ends.go reads a file's first
// and last line, receipt.go is what an ack says of an entry. Cache keeps files open. Nothing here knows of a journal
// or a record. The package export below writes a transcript for people and for programs.
package transcript

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
	SaltLen = 22 // bytes of a salt: 128 bits, in base64url
	SumLen  = 32 // bytes of a sum, and of a log: 128 bits, in hex

	saltKey = `,"salt":"`
	hashKey = `,"hash":"`
	sumKey  = `,"sum":"`

	lineFormat = `{"type":"log","format":`
	logBegin   = lineFormat + `2,"conversation":"`

	// SuffixLen is how many bytes an entry's line has in place of the final } of its wire bytes, newline not counted.
	SuffixLen = len(saltKey) + SaltLen + 1 + len(sumKey) + SumLen + 2
)

// hash128 returns the first 128 bits of SHA-256, as hex digits.
func hash128(b []byte) (out protocol.Sum) {
	sum := sha256.Sum256(b)
	hex.Encode(out[:], sum[:16])
	return out
}

// chain returns the sum of an entry, made of the sum before it and its own bytes: its salt, and then its wire bytes. It
// works in scratch's spare room.
func chain(scratch []byte, before protocol.Sum, salted []byte) protocol.Sum {
	c := hash128(salted)
	scratch = append(append(scratch[:0], before[:]...), c[:]...)
	return hash128(append(scratch, kept(salted[SaltLen:])...))
}

// kept returns the part of an entry's wire bytes that stays when its words are taken out: all before the first field
// with words in it. A quote within a string is escaped, so that what looks like a field's name is one.
func kept(wire []byte) []byte {
	for _, words := range [...]string{`,"text":`, `,"emoji":`, `,"reason":`} {
		if i := bytes.Index(wire, []byte(words)); i >= 0 {
			wire = wire[:i]
		}
	}
	return wire
}

// NewLog returns the name of a new log: 128 random bits, as hex digits.
func NewLog() protocol.LogID {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return protocol.LogID(hex.EncodeToString(b[:]))
}

// AppendLogLine adds a transcript's first line, newline included, and returns its sum.
func AppendLogLine(dst []byte, id protocol.ConversationID, log protocol.LogID, t protocol.Time) ([]byte, protocol.Sum) {
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

// AppendEntryLine adds the line of the entry after the one with the sum `before`, newline included, and returns its
// sum. salted is its salt and then its wire bytes.
func AppendEntryLine(dst, salted []byte, before protocol.Sum) ([]byte, protocol.Sum) {
	sum := chain(dst[len(dst):], before, salted)
	dst = append(dst, salted[SaltLen:len(salted)-1]...)
	dst = append(dst, saltKey...)
	dst = append(dst, salted[:SaltLen]...)
	dst = append(dst, '"')
	dst = append(dst, sumKey...)
	dst = append(dst, sum[:]...)
	return append(dst, "\"}\n"...), sum
}

// EntryLine is an entry's line, taken apart. Its slices are parts of the line.
type EntryLine struct {
	Wire []byte // the wire bytes but for the final }
	Salt []byte
	Sum  protocol.Sum
}

// ParseEntryLine takes a line apart, newline left out. It reports whether the line ends in salt and sum, and does not
// look at what the wire bytes say.
func ParseEntryLine(line []byte) (e EntryLine, ok bool) {
	n := len(line) - SuffixLen
	if n <= 0 || string(line[n:n+len(saltKey)]) != saltKey {
		return e, false
	}
	e.Wire, e.Salt = line[:n], line[n+len(saltKey):n+len(saltKey)+SaltLen]
	rest := line[n+len(saltKey)+SaltLen:]
	if rest[0] != '"' || !isSalt(e.Salt) {
		return e, false
	}
	e.Sum, ok = cutSum(rest[1:])
	return e, ok
}

// isSalt reports whether b is base64url digits.
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

// NotEntry returns why ParseEntryLine refuses a line, in words for the person who must mend it.
func NotEntry(line []byte) string {
	if bytes.Contains(line, []byte(hashKey)) && !bytes.Contains(line, []byte(saltKey)) {
		return "it has a hash in its salt's place, as a redacted entry will have one day: " +
			"this version makes none, so somebody changed the line"
	}
	return "it does not end in salt and sum"
}

// cutSum reads `,"sum":"…"}` and nothing else.
func cutSum(b []byte) (protocol.Sum, bool) {
	if len(b) != len(sumKey)+SumLen+2 || string(b[:len(sumKey)]) != sumKey || string(b[len(b)-2:]) != `"}` {
		return protocol.Sum{}, false
	}
	return protocol.ParseSum(string(b[len(sumKey) : len(b)-2]))
}

// AppendWire adds the entry's wire bytes, as clients get them.
func (e *EntryLine) AppendWire(dst []byte) []byte { return append(append(dst, e.Wire...), '}') }

// chainSum returns the sum that the line must have after the one with the sum `before`. It works in scratch's room, and
// returns that too.
func (e *EntryLine) chainSum(scratch []byte, before protocol.Sum) (protocol.Sum, []byte) {
	scratch = e.AppendWire(append(scratch[:0], e.Salt...))
	return chain(scratch[len(scratch):], before, scratch), scratch
}

// LogLine is what a transcript's first line says.
type LogLine struct {
	Conversation protocol.ConversationID
	Log          protocol.LogID
	Time         protocol.Time
	Sum          protocol.Sum
}

// ParseLogLine reads a first line, newline left out, and reports whether it is one and its sum holds.
func ParseLogLine(line []byte) (l LogLine, ok bool) {
	const begin, mid, tim = logBegin, `","log":"`, `","time":"`
	n := len(line) - (len(sumKey) + SumLen + 2)
	if n < 0 || !bytes.HasPrefix(line, []byte(begin)) {
		return l, false
	}
	if l.Sum, ok = cutSum(line[n:]); !ok || hash128(append(bytes.Clone(line[:n]), '}')) != l.Sum {
		return l, false
	}
	id, rest, ok1 := bytes.Cut(line[len(begin):n], []byte(mid))
	log, rest, ok2 := bytes.Cut(rest, []byte(tim))
	if !ok1 || !ok2 || len(rest) == 0 {
		return l, false
	}
	l.Conversation, l.Log = protocol.ConversationID(id), protocol.LogID(log)
	l.Time, ok = protocol.ParseTime(string(rest[:len(rest)-1]))
	_, isLog := protocol.ParseSum(string(l.Log)) // as many hex digits
	if !ok || !l.Conversation.Valid() || !isLog {
		return l, false
	}
	again, _ := AppendLogLine(make([]byte, 0, len(line)+1), l.Conversation, l.Log, l.Time)
	return l, string(again) == string(line)+"\n"
}

// NotLogLine returns why a first line is not this conversation's, in words for the person who must mend it.
func NotLogLine(line []byte) string {
	if format, ok := bytes.CutPrefix(line, []byte(lineFormat)); ok && !bytes.HasPrefix(line, []byte(logBegin)) {
		format, _, _ = bytes.Cut(format, []byte(","))
		return fmt.Sprintf("its first line has the format %.20q, and this program reads format %d", format, Version)
	}
	return "its first line is not a log line of this conversation"
}

// LastSum returns the sum at the end of lines of which the last is an entry's.
func LastSum(lines []byte) protocol.Sum {
	return protocol.Sum(lines[len(lines)-SumLen-len("\"}\n") : len(lines)-len("\"}\n")])
}

// EntryTime finds an entry's time in its wire bytes without reading all of them. Strings before it hold no bare quote,
// so that the first `,"time":"` is the field itself.
func EntryTime(head []byte) (protocol.Time, bool) {
	const key = `,"time":"`
	const digits = len("2006-01-02T15:04:05.000000Z")
	i := bytes.Index(head, []byte(key))
	if i < 0 || len(head) < i+len(key)+digits {
		return 0, false
	}
	return protocol.ParseTime(string(head[i+len(key) : i+len(key)+digits]))
}

// Version is what this program writes and reads. Format 1, whose sums left an entry's author and time unbound once its
// text was erased, was never released: it has no reader.
const Version = 2
