package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// frame is one object from the server: its own bytes, and every field that the contract names.
type frame struct {
	Raw          string            `json:"-"`
	at           int               // how many came before it to this session
	Type         string            `json:"type"`
	Ref          string            `json:"ref"`
	Session      string            `json:"session"`
	User         string            `json:"user"`
	Name         string            `json:"name"`
	Version      string            `json:"version"`
	Now          string            `json:"now"`
	Expires      string            `json:"expires"`
	Limits       map[string]int64  `json:"limits"`
	Conversation string            `json:"conversation"`
	Log          string            `json:"log"`
	First        int               `json:"first"`
	Last         int               `json:"last"`
	Sum          string            `json:"sum"`
	Read         int               `json:"read"`
	Online       []string          `json:"online"`
	Count        int               `json:"count"`
	Reads        map[string]int    `json:"reads"`
	Seq          int               `json:"seq"`
	ID           string            `json:"id"`
	From         string            `json:"from"`
	Time         string            `json:"time"`
	Text         string            `json:"text"`
	Target       int               `json:"target"`
	Meta         json.RawMessage   `json:"meta"`
	Duplicate    bool              `json:"duplicate"`
	Messages     []json.RawMessage `json:"messages"`
	More         bool              `json:"more"`
	Event        string            `json:"event"`
	Code         string            `json:"code"`
	Reason       string            `json:"reason"`
	RetryAfter   float64           `json:"retry_after"`
}

// fieldOrder is the contract's table "Server → client": every field of each object, in the order shown.
var fieldOrder = map[string][]string{
	"welcome": {"type", "session", "user", "name", "version", "now", "expires", "limits"},
	"token":   {"type", "expires"},
	"joined":  {"type", "conversation", "log", "first", "last", "sum", "read", "online", "count", "reads"},
	"message": {"type", "conversation", "seq", "id", "from", "name", "time", "text", "target", "meta",
		"redacted", "log"},
	"ack":      {"type", "id", "conversation", "seq", "time", "sum", "duplicate", "log"},
	"last":     {"type", "conversation", "last", "time"},
	"left":     {"type", "conversation", "code", "reason"},
	"history":  {"type", "conversation", "messages", "more"},
	"presence": {"type", "conversation", "user", "event", "count", "online"},
	"typing":   {"type", "conversation", "user"},
	"read":     {"type", "conversation", "user", "seq"},
	"pong":     {"type"},
	"error":    {"type", "code", "reason", "id", "conversation", "retry_after"},
}

// always are the fields that are never absent.
var always = map[string][]string{
	"welcome":  {"session", "user", "version", "now", "limits"},
	"token":    {"expires"},
	"joined":   {"conversation", "first", "last", "online", "count"},
	"message":  {"conversation", "seq", "from", "time", "text"},
	"ack":      {"conversation", "seq", "time", "sum"},
	"last":     {"conversation", "last", "time"},
	"left":     {"conversation"},
	"history":  {"conversation", "messages", "more"},
	"presence": {"conversation", "count"},
	"typing":   {"conversation", "user"},
	"read":     {"conversation", "user", "seq"},
	"error":    {"code", "reason"},
}

var (
	timeFormat = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)
	sumFormat  = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// parseFrame reads one frame and holds it to the contract's tables.
func parseFrame(raw []byte) (frame, error) {
	f := frame{Raw: string(raw)}
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, fmt.Errorf("not one JSON object: %w", err)
	}
	if len(raw) > 512<<10 {
		return f, fmt.Errorf("a frame of %d bytes, over 512 kB", len(raw))
	}
	for _, t := range []string{f.Time, f.Now, f.Expires} {
		if t != "" && !timeFormat.MatchString(t) {
			return f, fmt.Errorf("time %q is not RFC 3339 with six digits and Z", t)
		}
	}
	if f.Sum != "" && !sumFormat.MatchString(f.Sum) {
		return f, fmt.Errorf("sum %q is not 32 hex digits", f.Sum)
	}
	return f, checkFields(f.Type, raw)
}

func checkFields(kind string, raw []byte) error {
	order, known := fieldOrder[kind]
	if !known {
		return fmt.Errorf("type %q is not in the contract of this version", kind)
	}
	got, err := fields(raw)
	if err != nil {
		return err
	}
	at := 0
	for _, name := range got {
		if name == "ref" { // its place is not in the tables
			continue
		}
		i := slices.Index(order[at:], name)
		if i < 0 {
			return fmt.Errorf("field %q is out of order, twice, or not in the contract: got %v, want %v",
				name, got, order)
		}
		at += i + 1
	}
	for _, name := range always[kind] {
		if !slices.Contains(got, name) {
			return fmt.Errorf("field %q is absent", name)
		}
	}
	return nil
}

// fields returns an object's field names in the order of its bytes. For invalid JSON the result is an error or
// meaningless. It does not use encoding/json, which takes seconds for this under the race detector.
func fields(raw []byte) (names []string, err error) {
	depth := 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			end := stringEnd(raw, i+1)
			if end < 0 {
				return nil, errors.New("a string without an end")
			}
			rest := bytes.TrimLeft(raw[end+1:], " \t\r\n")
			if depth == 1 && len(rest) > 0 && rest[0] == ':' {
				names = append(names, string(raw[i+1:end]))
			}
			i = end
		}
	}
	if depth != 0 || len(raw) == 0 || raw[0] != '{' {
		return nil, fmt.Errorf("not an object: %.100s", raw)
	}
	return names, nil
}

// stringEnd returns the index of the quote that ends a string whose content begins at i, or -1.
func stringEnd(raw []byte, i int) int {
	for {
		n := bytes.IndexByte(raw[i:], '"')
		if n < 0 {
			return -1
		}
		end := i + n
		backslashes := 0
		for end-1-backslashes >= i && raw[end-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return end
		}
		i = end + 1
	}
}

// has reports whether the frame has a field: an absent field is not the same as zero.
func (f frame) has(name string) bool {
	names, _ := fields([]byte(f.Raw))
	return slices.Contains(names, name)
}

func (f frame) String() string {
	if len(f.Raw) > 400 {
		return f.Raw[:400] + "…"
	}
	return f.Raw
}
