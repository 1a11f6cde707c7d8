package protocol

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// FuzzDecode holds our one-pass decoder to a strict library: what we accept it accepts, with the same values.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"type":"send","conversation":"lobby","id":"c1","text":"h\u00e9\n","target":1,"meta":{"a":[1,"\\"]}}`,
		`{"type":"join","conversation":"lobby","after":41,"messages":false,"x":{"y":[true,null,-1.5e3]}}`,
		`{"type":"ping"} `, `{"type":"ping","type":"ping"}`, `{"a":"\ud800"}`, "{\"type\":\"ping\",\"x\":\"\x01\"}", `[]`,
	} {
		f.Add([]byte(seed))
	}
	limits := DefaultLimits()
	f.Fuzz(func(t *testing.T, frame []byte) {
		if !utf8.Valid(frame) {
			return // the session has closed the connection
		}
		r, refused := Decode(frame, &limits)
		if refused != nil {
			if refused.Reason == "" || refused.Code == "" {
				t.Fatalf("refused without a reason: %+v", refused)
			}
			return
		}
		var want struct {
			Type         string         `json:"type"`
			Ref          string         `json:"ref"`
			Conversation any            `json:"conversation"`
			Text         any            `json:"text"`
			Meta         jsontext.Value `json:"meta"`
		}
		if err := json.Unmarshal(frame, &want); err != nil {
			t.Fatalf("accepted %q, which is no JSON: %v", frame, err)
		}
		if string(r.Type) != want.Type || r.Ref != want.Ref {
			t.Fatalf("%q: got %+v, want %+v", frame, r, want)
		}
		if r.Type != TypeSend {
			return
		}
		if m := (&Message{Text: r.Text}); m.PlainText() != want.Text || string(r.Conversation) != want.Conversation {
			t.Fatalf("%q: got %+v, want %+v", frame, r, want)
		}
		if r.Meta != "" {
			if err := want.Meta.Compact(); err != nil || !bytes.Equal(want.Meta, []byte(r.Meta)) {
				t.Fatalf("meta %q, want %q", r.Meta, want.Meta)
			}
		}
		message := Message{Conversation: r.Conversation, Seq: 1, ID: r.ID, From: "ann", Text: r.Text, Target: r.Target, Meta: r.Meta}
		wire := message.AppendJSON(nil, nil)
		if bytes.ContainsAny(wire, "\n\r") {
			t.Fatalf("an entry is one line: %q", wire)
		}
		if back, err := ParseMessage(wire); err != nil || back != message {
			t.Fatalf("%q came back as %+v, %v", wire, back, err)
		}
	})
}

// FuzzParseMessage reads whatever may stand in a damaged transcript or in Redis.
func FuzzParseMessage(f *testing.F) {
	for _, r := range golden() {
		f.Add(r.AppendJSON(nil))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		m, err := ParseMessage(wire)
		if seq, ok := EntrySeq(wire); ok && err == nil && m.Seq != 0 && seq != m.Seq && seq <= MaxNumber {
			t.Fatalf("%q: EntrySeq %d, ParseMessage %d", wire, seq, m.Seq)
		}
		_ = m.PlainText()
	})
}

func BenchmarkDecodeSend(b *testing.B) {
	limits := DefaultLimits()
	frame := []byte(`{"type":"send","conversation":"lobby","id":"c1234567","text":"` + string(bytes.Repeat([]byte("x"), 100)) + `"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(frame, &limits); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeMessage(b *testing.B) {
	m := Message{Conversation: "lobby", Seq: 123456, ID: "c1234567", From: "ann", Time: goldenTime, Text: `"` + string(bytes.Repeat([]byte("x"), 100)) + `"`}
	at := m.Time.Append(nil)
	var wire, frame []byte
	b.ReportAllocs()
	for b.Loop() {
		wire = m.AppendJSON(wire[:0], at)
		frame = AppendFrame(frame[:0], wire)
	}
}
