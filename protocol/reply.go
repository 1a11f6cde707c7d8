package protocol

import (
	"math"
	"strconv"
	"time"
)

// Reply is anything that the server says. AppendJSON adds its encoding, fields in the contract's order.
type Reply interface{ AppendJSON(dst []byte) []byte }

// Frame gives a reply as one text frame.
func Frame[R Reply](r R) []byte { return FrameTo(nil, r) }

// FrameTo adds a reply as one text frame.
func FrameTo[R Reply](dst []byte, r R) []byte {
	const usual = 4 // the header's size from 126 to 65,535 bytes
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = r.AppendJSON(dst)
	payload := dst[start+usual:]
	if n := len(payload); n < 126 || n > 0xffff {
		return AppendFrame(dst[:start], append([]byte(nil), payload...)) // the header has another size
	}
	appendHeader(dst[:start], len(payload))
	return dst
}

// Welcome is the first thing that a session gets.
type Welcome struct {
	Session string
	User    UserID
	Name    string // what to show for User; "": User itself
	Version string
	Now     Time
	Expires Time // of the token; 0: there is none
	Limits  *Limits
}

func (w Welcome) AppendJSON(dst []byte) []byte {
	dst = appendString(append(dst, `{"type":"welcome","session":`...), w.Session)
	dst = appendString(append(dst, `,"user":`...), string(w.User))
	if w.Name != "" {
		dst = appendString(append(dst, `,"name":`...), w.Name)
	}
	dst = appendString(append(dst, `,"version":`...), w.Version)
	dst = w.Now.Append(append(dst, `,"now":"`...))
	if w.Expires != 0 {
		dst = w.Expires.Append(append(dst, `","expires":"`...))
	}
	dst = w.Limits.appendJSON(append(dst, `","limits":`...))
	return append(dst, '}')
}

// Joined accepts a join. Online and Reads stand encoded, since a crowd shares them.
type Joined struct {
	Ref          string
	Conversation ConversationID
	Log          LogID // "": the conversation has no entry yet
	First, Last  Seq
	Sum          Sum
	Read         Seq    // one's own mark; 0: none
	Online       []byte // a JSON array of names
	Count        int
	Reads        []byte // a JSON object, user to seq
}

func (j Joined) AppendJSON(dst []byte) []byte {
	dst = appendConversation(append(dst, `{"type":"joined"`...), j.Conversation)
	dst = appendLog(dst, j.Log)
	dst = appendNumber(append(dst, `,"first":`...), uint64(j.First))
	dst = appendNumber(append(dst, `,"last":`...), uint64(j.Last))
	dst = appendSum(dst, j.Sum)
	if j.Read != 0 {
		dst = appendNumber(append(dst, `,"read":`...), uint64(j.Read))
	}
	dst = append(append(dst, `,"online":`...), j.Online...)
	dst = appendNumber(append(dst, `,"count":`...), uint64(j.Count))
	dst = append(append(dst, `,"reads":`...), j.Reads...)
	return append(appendRef(dst, j.Ref), '}')
}

// Record tells a stream of events which record it is given from. Fields are absent as in Joined.
type Record struct {
	Conversation ConversationID
	Log          LogID
	First, Last  Seq
	Sum          Sum
}

func (r Record) AppendJSON(dst []byte) []byte {
	dst = appendConversation(append(dst, `{"type":"record"`...), r.Conversation)
	dst = appendLog(dst, r.Log)
	dst = appendNumber(append(dst, `,"first":`...), uint64(r.First))
	dst = appendNumber(append(dst, `,"last":`...), uint64(r.Last))
	return append(appendSum(dst, r.Sum), '}')
}

// Ack says that a message is on the record.
type Ack struct {
	Ref          string
	ID           MessageID
	Conversation ConversationID
	Seq          Seq
	Time         Time
	Sum          Sum
	Duplicate    bool
	Log          LogID // of the record, where Seq is 1: who joined an empty conversation learns it so
}

func (a Ack) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"type":"ack"`...)
	if a.ID != "" {
		dst = appendString(append(dst, `,"id":`...), string(a.ID))
	}
	dst = appendConversation(dst, a.Conversation)
	dst = appendNumber(append(dst, `,"seq":`...), uint64(a.Seq))
	dst = append(a.Time.Append(append(dst, `,"time":"`...)), '"')
	dst = appendSum(dst, a.Sum)
	if a.Duplicate {
		dst = append(dst, `,"duplicate":true`...)
	}
	return append(appendLog(appendRef(dst, a.Ref), a.Log), '}')
}

// Last tells a follower how far a conversation has come.
type Last struct {
	Conversation ConversationID
	Last         Seq
	Time         Time
}

func (l Last) AppendJSON(dst []byte) []byte {
	dst = appendConversation(append(dst, `{"type":"last"`...), l.Conversation)
	dst = appendNumber(append(dst, `,"last":`...), uint64(l.Last))
	return append(l.Time.Append(append(dst, `,"time":"`...)), `"}`...)
}

// Left ends a join: asked for, or with the reason why.
type Left struct {
	Ref          string
	Conversation ConversationID
	Code         Code // "": it was asked for
	Reason       string
}

func (l Left) AppendJSON(dst []byte) []byte {
	dst = appendConversation(append(dst, `{"type":"left"`...), l.Conversation)
	if l.Code != "" {
		dst = appendString(append(dst, `,"code":`...), string(l.Code))
		dst = appendString(append(dst, `,"reason":`...), l.Reason)
	}
	return append(appendRef(dst, l.Ref), '}')
}

// History is a page of entries, ascending. Messages are their encodings, already joined by commas.
type History struct {
	Ref          string
	Conversation ConversationID
	Messages     []byte
	More         bool
}

func (h History) AppendJSON(dst []byte) []byte {
	dst = appendConversation(append(dst, `{"type":"history"`...), h.Conversation)
	dst = append(append(dst, `,"messages":[`...), h.Messages...)
	dst = strconv.AppendBool(append(dst, `],"more":`...), h.More)
	return append(appendRef(dst, h.Ref), '}')
}

// Presence tells that a user came or went (User and Event), or how many are there (User is "").
type Presence struct {
	Conversation ConversationID
	User         UserID
	Event        string // "joined" or "left"
	Count        int
	Online       []byte // a JSON array: the whole list anew; nil: none
}

func (p Presence) AppendJSON(dst []byte) []byte {
	dst = appendConversation(append(dst, `{"type":"presence"`...), p.Conversation)
	if p.User != "" {
		dst = appendString(append(dst, `,"user":`...), string(p.User))
		dst = appendString(append(dst, `,"event":`...), p.Event)
	}
	dst = appendNumber(append(dst, `,"count":`...), uint64(p.Count))
	if p.Online != nil {
		dst = append(append(dst, `,"online":`...), p.Online...)
	}
	return append(dst, '}')
}

// Typing tells that a user is writing; it counts for 5 s.
type Typing struct {
	Conversation ConversationID
	User         UserID
}

func (t Typing) AppendJSON(dst []byte) []byte {
	dst = appendConversation(append(dst, `{"type":"typing"`...), t.Conversation)
	return append(appendString(append(dst, `,"user":`...), string(t.User)), '}')
}

// Read tells up to where a user has read.
type Read struct {
	Conversation ConversationID
	User         UserID
	Seq          Seq
}

func (r Read) AppendJSON(dst []byte) []byte {
	dst = appendConversation(append(dst, `{"type":"read"`...), r.Conversation)
	dst = appendString(append(dst, `,"user":`...), string(r.User))
	return append(appendNumber(append(dst, `,"seq":`...), uint64(r.Seq)), '}')
}

// Pong answers a ping.
type Pong struct{ Ref string }

func (p Pong) AppendJSON(dst []byte) []byte {
	return append(appendRef(append(dst, `{"type":"pong"`...), p.Ref), '}')
}

// Renewed says that a new token has taken the place of the session's.
type Renewed struct {
	Ref     string
	Expires Time
}

func (r Renewed) AppendJSON(dst []byte) []byte {
	dst = append(r.Expires.Append(append(dst, `{"type":"token","expires":"`...)), '"')
	return append(appendRef(dst, r.Ref), '}')
}

// Failure is the reply to a request that failed.
type Failure struct {
	Ref          string
	ID           MessageID
	Conversation ConversationID
	Err          *Error
}

func (f Failure) AppendJSON(dst []byte) []byte {
	dst = appendString(append(dst, `{"type":"error","code":`...), string(f.Err.Code))
	dst = appendString(append(dst, `,"reason":`...), f.Err.Reason)
	if f.ID != "" {
		dst = appendString(append(dst, `,"id":`...), string(f.ID))
	}
	if f.Conversation != "" {
		dst = appendConversation(dst, f.Conversation)
	}
	if f.Err.RetryAfter > 0 {
		dst = append(dst, `,"retry_after":`...)
		dst = AppendSeconds(dst, f.Err.RetryAfter)
	}
	return append(appendRef(dst, f.Ref), '}')
}

// AppendSeconds adds a duration in seconds with a tenth's precision, rounded up so that nobody comes too early.
func AppendSeconds(dst []byte, d time.Duration) []byte {
	return strconv.AppendFloat(dst, math.Ceil(d.Seconds()*10)/10, 'f', -1, 64)
}

// AppendName adds a name as a JSON string.
func AppendName(dst []byte, user UserID) []byte { return appendString(dst, string(user)) }

// AppendNames adds a JSON array of names.
func AppendNames(dst []byte, users []UserID) []byte {
	dst = append(dst, '[')
	for i, u := range users {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendName(dst, u)
	}
	return append(dst, ']')
}

// AppendReadMark adds one member of `reads`; first says that no other stands before it.
func AppendReadMark(dst []byte, user UserID, seq Seq, first bool) []byte {
	if !first {
		dst = append(dst, ',')
	}
	return appendNumber(append(appendString(dst, string(user)), ':'), uint64(seq))
}

func appendConversation(dst []byte, id ConversationID) []byte {
	dst = append(dst, `,"conversation":"`...) // a valid id needs no escape
	return append(append(dst, id...), '"')
}

func appendNumber(dst []byte, n uint64) []byte { return strconv.AppendUint(dst, n, 10) }

func appendSum(dst []byte, s Sum) []byte {
	if s == (Sum{}) {
		return dst
	}
	return append(append(append(dst, `,"sum":"`...), s[:]...), '"')
}

func appendLog(dst []byte, log LogID) []byte {
	if log == "" {
		return dst
	}
	return appendString(append(dst, `,"log":`...), string(log))
}

func appendRef(dst []byte, ref string) []byte {
	if ref == "" {
		return dst
	}
	return appendString(append(dst, `,"ref":`...), ref)
}
