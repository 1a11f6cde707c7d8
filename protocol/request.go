package protocol

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Type is what a request asks for.
type Type string

// The requests that this version serves.
const (
	TypeJoin    Type = "join"
	TypeLeave   Type = "leave"
	TypeSend    Type = "send"
	TypeHistory Type = "history"
	TypeTyping  Type = "typing"
	TypeRead    Type = "read"
	TypePing    Type = "ping"
	TypeToken   Type = "token"
)

// Number is an optional integer of the wire, 0 to MaxNumber.
type Number struct {
	Value uint64
	Set   bool
}

// Request is one client's request, checked. Which fields have a meaning depends on Type; the others are zero.
// Its strings are parts of one copy of the frame: clone what outlives the request.
type Request struct {
	Type         Type
	Ref          string // "": none
	Bytes        int    // of the frame, which its strings keep in memory
	Conversation ConversationID

	After, Before, Since Number
	Limit                int // DefaultPage where it was absent
	Log                  LogID
	Known                Seq    // join: an entry that the client knows; 0: none
	Sum                  string // join: Known's sum, as the client has it
	Entries              bool   // join: with the entries (`messages` is not false)
	Seq                  Seq    // read

	ID, Prev MessageID
	From     UserID // HTTP alone
	Text     string // as a JSON string, quotes included, in its one encoding
	Target   Seq    // 0: none
	Meta     string // a compact JSON object; "": none

	Token string // token
}

// Decode reads one frame's payload, which must be valid UTF-8. With an error the request still holds the ref, id
// and conversation that could be read, for the error's reply.
func Decode(frame []byte, limits *Limits) (Request, *Error) {
	var d decoder
	src := string(frame)
	err := d.scan(src)
	if err != nil {
		d.reread(src)
	}
	var r Request
	if err == nil {
		r, err = d.request(limits)
	}
	if err != nil {
		d.salvage(&r)
	}
	r.Bytes = len(frame)
	return r, err
}

// DecodePost reads the body of a POST, which is a send whose conversation stands in the path. key is the
// Idempotency-Key header, "" where there is none.
func DecodePost(body []byte, conversation ConversationID, key string, limits *Limits) (Request, *Error) {
	var d decoder
	src := string(body)
	if err := noPost(src); err != nil {
		return Request{}, err
	}
	if err := d.scan(src); err != nil {
		return Request{}, err
	}
	d.fields[fieldType] = value{'"', `"send"`}
	d.fields[fieldConversation] = value{'"', `"` + string(conversation) + `"`}
	r, err := d.request(limits)
	r.Bytes = len(body)
	if err != nil {
		return r, err
	}
	r.From = d.name("from", fieldFrom)
	if key == "" || d.err != nil {
		return r, d.err
	}
	if err := CheckID("the Idempotency-Key header", key); err != nil {
		return r, err
	}
	if r.ID != "" && r.ID != MessageID(key) {
		return r, BadRequest("id and the Idempotency-Key header differ: give one of them, or the same in both")
	}
	r.ID = MessageID(key)
	return r, nil
}

// The fields that some request has. One that a request's type has no use for is checked as JSON and passed over.
const (
	fieldType = iota
	fieldRef
	fieldConversation
	fieldAfter
	fieldBefore
	fieldLimit
	fieldLog
	fieldKnown
	fieldSum
	fieldMessages
	fieldSeq
	fieldID
	fieldPrev
	fieldSince
	fieldFrom
	fieldText
	fieldTarget
	fieldMeta
	fieldToken
	fieldCount
)

func fieldOf(name string) int {
	switch name {
	case "type":
		return fieldType
	case "ref":
		return fieldRef
	case "conversation":
		return fieldConversation
	case "after":
		return fieldAfter
	case "before":
		return fieldBefore
	case "limit":
		return fieldLimit
	case "log":
		return fieldLog
	case "known":
		return fieldKnown
	case "sum":
		return fieldSum
	case "messages":
		return fieldMessages
	case "seq":
		return fieldSeq
	case "id":
		return fieldID
	case "prev":
		return fieldPrev
	case "since":
		return fieldSince
	case "from":
		return fieldFrom
	case "text":
		return fieldText
	case "target":
		return fieldTarget
	case "meta":
		return fieldMeta
	case "token":
		return fieldToken
	}
	return fieldCount
}

// decoder holds an object's fields and the first thing that is wrong with them.
type decoder struct {
	src    string
	fields [fieldCount + 1]value // the last takes all unknown ones
	err    *Error
}

func (d *decoder) scan(src string) *Error {
	d.src = src
	s := scanner{src: src}
	return s.object(func(name string, v value) { d.fields[fieldOf(name)] = v })
}

func (d *decoder) request(limits *Limits) (r Request, _ *Error) {
	r.Ref = d.id("ref", fieldRef)
	r.Type = Type(d.text("type", fieldType))
	if d.err == nil && r.Type == "" {
		d.err = d.lacks("type", fieldType, `it says what is asked for, like {"type":"ping"}`)
	}
	if d.err != nil || r.Type == TypePing {
		return r, d.err
	}
	switch r.Type {
	case TypeToken:
		return r, d.token(&r)
	case TypeJoin, TypeLeave, TypeSend, TypeHistory, TypeTyping, TypeRead:
	case "stream", "stop":
		return r, Errorf(CodeUnknownType, "%q is not served by this version: send the whole message with \"send\"", r.Type)
	default:
		return r, Errorf(CodeUnknownType, "no request has the type %.64q: there are join, leave, send, history, typing, read, token and ping", r.Type)
	}
	if r.Type == TypeSend {
		r.ID = MessageID(d.id("id", fieldID))
	}
	d.conversation(&r)
	switch r.Type {
	case TypeJoin:
		r.After = d.number("after", fieldAfter)
		r.Log = LogID(d.id("log", fieldLog))
		d.known(&r)
		r.Entries = d.bool("messages", fieldMessages, true)
		d.limit(&r)
	case TypeHistory:
		r.After = d.number("after", fieldAfter)
		r.Before = d.number("before", fieldBefore)
		d.limit(&r)
	case TypeRead:
		seq := d.number("seq", fieldSeq)
		if d.err == nil && !seq.Set {
			d.err = d.lacks("seq", fieldSeq, "it says up to where was read")
		}
		r.Seq = Seq(seq.Value)
	case TypeSend:
		d.send(&r, limits)
	}
	return r, d.err
}

func (d *decoder) send(r *Request, limits *Limits) {
	r.Prev = MessageID(d.id("prev", fieldPrev))
	r.Since = d.number("since", fieldSince)
	r.Log = LogID(d.id("log", fieldLog))
	target := d.number("target", fieldTarget)
	if d.err == nil && target.Set && target.Value == 0 {
		d.err = BadRequest("target is the seq that a message answers to, and seqs begin at 1")
	}
	r.Target = Seq(target.Value)
	r.Text = d.messageText(limits.Text)
	r.Meta = d.meta(limits.Meta)
}

// token reads the credential that is to take the place of the session's. Whether it is good is not for this package.
func (d *decoder) token(r *Request) *Error {
	r.Token = d.text("token", fieldToken)
	if d.err == nil && r.Token == "" {
		d.err = d.lacks("token", fieldToken, "it is the new token")
	}
	return d.err
}

// known reads which entry a client knows, and its sum.
func (d *decoder) known(r *Request) {
	known := d.number("known", fieldKnown)
	r.Known, r.Sum = Seq(known.Value), d.id("sum", fieldSum)
	if d.err == nil {
		d.err = CheckKnown(known, r.Sum)
	}
}

// CheckKnown refuses an entry that is said to be known without its sum, or a sum of no entry.
func CheckKnown(known Number, sum string) *Error {
	switch {
	case known.Set != (sum != ""):
		return BadRequest("known and sum belong together: the seq of an entry that you know, and the sum that came with it")
	case known.Set && known.Value == 0:
		return BadRequest("known is the seq of an entry, and seqs begin at 1")
	}
	return nil
}

func (d *decoder) conversation(r *Request) {
	id := ConversationID(d.text("conversation", fieldConversation))
	if d.err == nil && d.fields[fieldConversation].kind == 0 {
		d.err = d.lacks("conversation", fieldConversation, "it says which conversation is meant")
	}
	if d.err != nil {
		return
	}
	if !id.Valid() {
		d.err = InvalidConversation(string(id))
		return
	}
	r.Conversation = id
}

// InvalidConversation refuses a conversation's id and says what one looks like.
func InvalidConversation(id string) *Error {
	return Errorf(CodeInvalidConversation,
		"%.80q cannot name a conversation: an id has 1 to 64 of a-z 0-9 . _ - and begins with a letter or a digit", id)
}

func (d *decoder) limit(r *Request) {
	n := d.number("limit", fieldLimit)
	switch {
	case !n.Set:
		r.Limit = DefaultPage
	case n.Value > MaxPage:
		d.err = Errorf(CodeBadRequest, "limit is %d, and at most %d", n.Value, MaxPage)
	default:
		r.Limit = int(n.Value)
	}
}

func (d *decoder) text(name string, field int) string {
	v := d.fields[field]
	if d.err != nil || v.kind == 0 {
		return ""
	}
	if v.kind != '"' {
		d.err = v.isNo("a string", name)
		return ""
	}
	text, err := unquote(v.raw)
	d.err = err
	return text
}

// id reads a string of 1 to 64 bytes; "" where it is absent.
func (d *decoder) id(name string, field int) string {
	text := d.text(name, field)
	if d.err == nil && d.fields[field].kind != 0 {
		d.err = CheckID(name, text)
	}
	if d.err != nil {
		return ""
	}
	return text
}

// CheckID returns what is wrong with an id, a prev or a ref, which name says, or nil: it has 1 to 64 bytes of UTF-8.
func CheckID(name, id string) *Error {
	switch {
	case id == "":
		return Errorf(CodeBadRequest, "%s has 1 to 64 bytes: leave it out where there is none", name)
	case len(id) > maxID:
		return TooLarge(name + " has at most 64 bytes: this one has " + strconv.Itoa(len(id)))
	case !utf8.ValidString(id):
		return BadRequest(name + " is valid UTF-8: this one is not")
	}
	return nil
}

// name reads a user's name into its normal form; "" where it is absent.
func (d *decoder) name(name string, field int) (user UserID) {
	text := d.text(name, field)
	switch {
	case d.err != nil || d.fields[field].kind == 0:
	case text == "":
		d.err = d.lacks(name, field, purposeOfFrom)
	default:
		user, d.err = Name(text)
	}
	return user
}

func (d *decoder) number(name string, field int) Number {
	v := d.fields[field]
	if d.err != nil || v.kind == 0 {
		return Number{}
	}
	if v.kind != '0' {
		d.err = v.isNo("an integer from 0 to 2^53-1", name)
		return Number{}
	}
	n, err := strconv.ParseUint(v.raw, 10, 64)
	if err != nil || n > MaxNumber {
		d.err = Errorf(CodeBadRequest, "the field %q is an integer from 0 to 2^53-1, and this is %.40s", name, v.raw)
		return Number{}
	}
	return Number{n, true}
}

func (d *decoder) bool(name string, field int, absent bool) bool {
	switch v := d.fields[field]; {
	case d.err != nil || v.kind == 0:
		return absent
	case v.kind == 't' || v.kind == 'f':
		return v.kind == 't'
	default:
		d.err = v.isNo("true or false", name)
		return absent
	}
}

// messageText reads a message's text into its one encoding. What has no escape stands in it already: JSON allows
// no raw control character, and the encoding escapes nothing else but quotes and backslashes.
func (d *decoder) messageText(most int) string {
	v := d.fields[fieldText]
	text := d.text("text", fieldText)
	switch {
	case d.err != nil:
	case text == "":
		d.err = d.lacks("text", fieldText, "it is what the message says, a string of at least 1 byte")
	case len(text) > most:
		d.err = Errorf(CodeTooLarge, "a message's text has at most %d bytes: this one has %d; send it in parts", most, len(text))
	case !canBeSeen(text):
		d.err = refuseUnseen(text)
	case strings.IndexByte(v.raw, '\\') < 0:
		return v.raw
	default:
		quoted, err := jsontext.AppendQuote(nil, text)
		if err != nil {
			d.err = BadRequest("the text is not valid Unicode")
			return ""
		}
		return string(quoted)
	}
	return ""
}

// meta reads the application's own object and makes it compact, so that an entry is one line.
func (d *decoder) meta(most int) string {
	v := d.fields[fieldMeta]
	switch {
	case d.err != nil || v.kind == 0:
		return ""
	case v.kind != '{':
		d.err = v.isNo("a JSON object", "meta")
		return ""
	case len(v.raw) > most:
		d.err = Errorf(CodeTooLarge, "meta has at most %d bytes: this one has %d", most, len(v.raw))
		return ""
	}
	compact, err := jsontext.AppendFormat(nil, []byte(v.raw), jsontext.PreserveRawStrings(true), jsontext.Multiline(false))
	if err != nil {
		d.err = BadRequest("meta is not valid JSON, or a name in it stands twice")
		return ""
	}
	return string(compact)
}

// hasNUL looks for an escaped U+0000; a raw one is no JSON. A backslash that is itself escaped starts nothing.
func hasNUL(raw string) bool {
	for i := strings.IndexByte(raw, '\\'); i >= 0 && i+1 < len(raw); {
		if strings.HasPrefix(raw[i+1:], "u0000") {
			return true
		}
		next := strings.IndexByte(raw[i+2:], '\\')
		if next < 0 {
			return false
		}
		i += 2 + next
	}
	return false
}
