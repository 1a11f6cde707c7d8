package protocol

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Message is an entry of the type "message": what a user said, in its place.
type Message struct {
	Conversation ConversationID
	Seq          Seq
	ID           MessageID // "": its author gave none
	From         UserID
	Name         string // what to show for From; "": From itself
	Time         Time
	Text         string // a JSON string, quotes included
	Target       Seq    // 0: none
	Meta         string // a compact JSON object; "": none
	Log          LogID  // of the conversation's record: stands in the entry with seq 1 alone
	Redacted     bool   // its text is gone; place, author and time stand
}

// AppendJSON adds the entry's one encoding, fields in the contract's order. time is m.Time as it stands on the wire,
// so that a batch formats it once; nil: format it here.
func (m *Message) AppendJSON(dst, time []byte) []byte {
	dst = append(dst, `{"type":"message","conversation":"`...)
	dst = append(dst, m.Conversation...)
	dst = append(dst, `","seq":`...)
	dst = strconv.AppendUint(dst, uint64(m.Seq), 10)
	if m.ID != "" {
		dst = appendString(append(dst, `,"id":`...), string(m.ID))
	}
	dst = appendString(append(dst, `,"from":`...), string(m.From))
	if m.Name != "" {
		dst = appendString(append(dst, `,"name":`...), m.Name)
	}
	dst = append(dst, `,"time":"`...)
	if time != nil {
		dst = append(dst, time...)
	} else {
		dst = m.Time.Append(dst)
	}
	dst = append(dst, '"')
	if m.Redacted {
		return append(dst, `,"redacted":true}`...)
	}
	dst = append(dst, `,"text":`...)
	dst = append(dst, m.Text...)
	if m.Target != 0 {
		dst = append(dst, `,"target":`...)
		dst = strconv.AppendUint(dst, uint64(m.Target), 10)
	}
	if m.Meta != "" {
		dst = append(dst, `,"meta":`...)
		dst = append(dst, m.Meta...)
	}
	return append(appendLog(dst, m.Log), '}')
}

// ParseMessage reads an entry of the record back. Fields that it does not know are passed over.
func ParseMessage(wire []byte) (Message, *Error) {
	var m Message
	s := scanner{src: string(wire)}
	var bad string
	text := func(name string, v value) string {
		if v.kind != '"' {
			bad = name
			return ""
		}
		out, err := unquote(v.raw)
		if err != nil {
			bad = name
		}
		return out
	}
	number := func(name string, v value) Seq {
		n, err := strconv.ParseUint(v.raw, 10, 53)
		if err != nil {
			bad = name
		}
		return Seq(n)
	}
	err := s.object(func(name string, v value) {
		switch name {
		case "conversation":
			m.Conversation = ConversationID(text(name, v))
		case "seq":
			m.Seq = number(name, v)
		case "id":
			m.ID = MessageID(text(name, v))
		case "from":
			m.From = UserID(text(name, v))
		case "name":
			m.Name = text(name, v)
		case "time":
			t, ok := ParseTime(text(name, v))
			if !ok {
				bad = name
			}
			m.Time = t
		case "text":
			if text(name, v); v.kind == '"' { // checked, and kept as it stands
				m.Text = v.raw
			}
		case "target":
			m.Target = number(name, v)
		case "meta":
			if v.kind != '{' {
				bad = name
			}
			m.Meta = v.raw
		case "log":
			m.Log = LogID(text(name, v))
		case "redacted":
			m.Redacted = v.kind == 't'
		}
	})
	if err == nil && bad != "" {
		err = Errorf(CodeBadRequest, "the field %q of an entry is not what it should be", bad)
	}
	return m, err
}

// PlainText gives a message's text without JSON's quotes and escapes.
func (m *Message) PlainText() string {
	if m.Text == "" {
		return ""
	}
	text, _ := unquote(m.Text)
	return text
}

// EntrySeq reads the seq of an entry's encoding, of whatever type, from its first fields alone.
func EntrySeq(wire []byte) (Seq, bool) {
	const typ, conversation, seq = `{"type":"`, `","conversation":"`, `","seq":`
	rest, ok := after(wire, typ)
	for i := 0; ok && i < len(rest) && i < 32; i++ {
		if rest[i] == '"' {
			rest, ok = after(rest[i:], conversation)
			break
		}
	}
	for i := 0; ok && i < len(rest) && i <= 64; i++ {
		if rest[i] == '"' {
			rest, ok = after(rest[i:], seq)
			break
		}
	}
	if !ok {
		return 0, false
	}
	var n Seq
	i := 0
	for ; i < len(rest) && '0' <= rest[i] && rest[i] <= '9' && n <= MaxNumber/10; i++ {
		n = n*10 + Seq(rest[i]-'0')
	}
	return n, i > 0
}

func after(b []byte, prefix string) ([]byte, bool) {
	if len(b) < len(prefix) || string(b[:len(prefix)]) != prefix {
		return nil, false
	}
	return b[len(prefix):], true
}

// appendString adds s as a JSON string. Every string that gets here was checked as UTF-8 at the door, so that the
// library has nothing to refuse.
func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}
