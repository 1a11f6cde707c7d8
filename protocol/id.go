package protocol

import "time"

// Seq is an entry's place in its conversation: 1, 2, 3, … without a gap. 0 is "before the first".
type Seq uint64

// MaxNumber is the greatest integer that the wire carries, 2^53-1, so that every JSON reader holds it exactly.
const MaxNumber = 1<<53 - 1

// ConversationID names a conversation; it matches ^[a-z0-9][a-z0-9._-]{0,63}$.
type ConversationID string

// Valid says whether the id may name a conversation. It is also what makes an id safe as a file's name.
func (id ConversationID) Valid() bool {
	if len(id) == 0 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		alnum := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !alnum && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return true
}

// UserID is a user's name in its normal form (Name), compared by bytes.
type UserID string

// MessageID is the author's own id of a message: what makes sending it again safe. 1 to 64 bytes.
type MessageID string

// LogID is the identity of a conversation's record: 32 hex digits made with its first entry.
type LogID string

// Sum is a link of the chain of sums: the first 128 bits of a SHA-256, as 32 hex digits. The zero value is "none".
type Sum [32]byte

func (s Sum) String() string {
	if s == (Sum{}) {
		return ""
	}
	return string(s[:])
}

// ParseSum reads 32 lower-case hex digits.
func ParseSum(text string) (Sum, bool) {
	var s Sum
	if len(text) != len(s) {
		return s, false
	}
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return Sum{}, false
		}
	}
	copy(s[:], text)
	return s, true
}

// Time is a moment in microseconds since 1970, UTC: what six digits of a second can hold.
type Time int64

// TimeOf drops what is below a microsecond.
func TimeOf(t time.Time) Time { return Time(t.UnixMicro()) }

// Std gives the moment as Go's own type, in UTC.
func (t Time) Std() time.Time { return time.UnixMicro(int64(t)).UTC() }

const timeLayout = "2006-01-02T15:04:05.000000Z"

// Append adds the moment as RFC 3339 with six digits and Z.
func (t Time) Append(dst []byte) []byte { return t.Std().AppendFormat(dst, timeLayout) }

func (t Time) String() string { return string(t.Append(nil)) }

// ParseTime reads what Append writes, and nothing else.
func ParseTime(text string) (Time, bool) {
	t, err := time.Parse(timeLayout, text)
	if err != nil {
		return 0, false
	}
	return TimeOf(t), true
}
