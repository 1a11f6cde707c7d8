package e2e

import (
	"slices"
	"strings"
	"testing"
)

// badRequest is a frame that the contract refuses, and the code that it names. Two codes, where the contract
// leaves the choice: "a|b".
type badRequest struct{ what, frame, code string }

const send = `{"type":"send","conversation":"lobby",`

func filler(n int) string { return strings.Repeat("x", n) }

var badRequests = []badRequest{
	{"plain text", `hello there`, "bad_request"},
	{"nothing", ``, "bad_request"},
	{"white space", "  \n", "bad_request"},
	{"an array", `[{"type":"ping"}]`, "bad_request"},
	{"a string", `"ping"`, "bad_request"},
	{"null", `null`, "bad_request"},
	{"a number", `42`, "bad_request"},
	{"an object cut short", `{"type":"ping"`, "bad_request"},
	{"two objects", `{"type":"ping"}{"type":"ping"}`, "bad_request"},
	{"an object and more", `{"type":"ping"} x`, "bad_request"},
	{"a comma too many", `{"type":"ping",}`, "bad_request"},
	{"single quotes", `{'type':'ping'}`, "bad_request"},
	{"a byte order mark", "\ufeff" + `{"type":"ping"}`, "bad_request"},
	{"a raw line feed in a string", send + "\"text\":\"a\nb\"}", "bad_request"},
	{"an unknown escape", send + `"text":"a\x41"}`, "bad_request"},
	{"no type", `{"conversation":"lobby"}`, "bad_request|unknown_type"},
	{"a type that is no string", `{"type":1}`, "bad_request|unknown_type"},
	{"an unknown type", `{"type":"dance"}`, "unknown_type"},
	{"a type in capitals", `{"type":"Ping"}`, "unknown_type"},
	{"a field name in capitals", `{"Type":"ping"}`, "bad_request|unknown_type"},
	{"a server's type", `{"type":"welcome"}`, "unknown_type"},
	{"type twice", `{"type":"ping","type":"ping"}`, "bad_request"},
	{"text twice", send + `"text":"a","text":"a"}`, "bad_request"},
	{"text twice, once escaped", send + `"text":"a","\u0074ext":"a"}`, "bad_request"},
	{"an unknown field twice", `{"type":"ping","zig":1,"zig":2}`, "bad_request"},

	{"ref that is no string", `{"type":"ping","ref":7}`, "bad_request"},
	{"ref that is empty", `{"type":"ping","ref":""}`, "bad_request"},
	{"ref of 65 bytes", `{"type":"ping","ref":"` + filler(65) + `"}`, "too_large"},

	{"join without conversation", `{"type":"join"}`, "bad_request|invalid_conversation"},
	{"join with null conversation", `{"type":"join","conversation":null}`, "bad_request|invalid_conversation"},
	{"conversation that is no string", `{"type":"join","conversation":7}`, "bad_request|invalid_conversation"},

	{"after -1", `{"type":"join","conversation":"lobby","after":-1}`, "bad_request"},
	{"after 1.5", `{"type":"join","conversation":"lobby","after":1.5}`, "bad_request"},
	{"after 2^53", `{"type":"join","conversation":"lobby","after":9007199254740992}`, "bad_request"},
	{"after of 30 digits", `{"type":"join","conversation":"lobby","after":` + strings.Repeat("9", 30) + `}`,
		"bad_request"},
	{"after in quotes", `{"type":"join","conversation":"lobby","after":"1"}`, "bad_request"},
	{"after beyond the last", `{"type":"join","conversation":"lobby","after":4}`, "bad_request"},
	{"after 2^53-1", `{"type":"join","conversation":"lobby","after":9007199254740991}`, "bad_request"},
	{"join limit 1001", `{"type":"join","conversation":"lobby","limit":1001}`, "bad_request"},
	{"join limit -1", `{"type":"join","conversation":"lobby","limit":-1}`, "bad_request"},
	{"messages that is no boolean", `{"type":"join","conversation":"lobby","messages":0}`, "bad_request"},
	{"log that is no string", `{"type":"join","conversation":"lobby","log":1}`, "bad_request"},

	{"send without text", send + `"id":"x"}`, "bad_request"},
	{"text null", send + `"text":null}`, "bad_request"},
	{"text empty", send + `"text":""}`, "bad_request"},
	{"text that is no string", send + `"text":1}`, "bad_request"},
	{"text of 16385 bytes", send + `"text":"` + filler(16385) + `"}`, "too_large"},
	{"text of 16386 bytes in 8193 letters", send + `"text":"` + strings.Repeat("é", 8193) + `"}`, "too_large"},
	{"text with U+0000", send + `"text":"a\u0000b"}`, "bad_request"},
	{"text with a lone high surrogate", send + `"text":"a\ud83d b"}`, "bad_request"},
	{"text with a lone low surrogate", send + `"text":"\udc00"}`, "bad_request"},
	{"text with surrogates swapped", send + `"text":"\ude00\ud83d"}`, "bad_request"},
	{"id with U+0000", send + `"text":"a","id":"\u0000"}`, "bad_request"},
	{"id with a lone surrogate", send + `"text":"a","id":"\ud800"}`, "bad_request"},
	{"ref with a lone surrogate", `{"type":"ping","ref":"\ud800"}`, "bad_request"},
	{"meta with U+0000", send + `"text":"a","meta":{"k":"\u0000"}}`, "bad_request"},
	{"meta with a lone surrogate", send + `"text":"a","meta":{"k":["\ud800"]}}`, "bad_request"},
	{"meta with a lone surrogate in a name", send + `"text":"a","meta":{"\ud800":1}}`, "bad_request"},
	{"id empty", send + `"text":"a","id":""}`, "bad_request"},
	{"id of 65 bytes", send + `"text":"a","id":"` + filler(65) + `"}`, "too_large"},
	{"id that is no string", send + `"text":"a","id":1}`, "bad_request"},
	{"prev empty", send + `"text":"a","id":"b","prev":""}`, "bad_request"},
	{"prev of 65 bytes", send + `"text":"a","id":"b","prev":"` + filler(65) + `"}`, "too_large"},
	{"meta that is an array", send + `"text":"a","meta":[1]}`, "bad_request"},
	{"meta that is a string", send + `"text":"a","meta":"x"}`, "bad_request"},
	{"meta of 4097 bytes", send + `"text":"a","meta":{"k":"` + filler(4097-8) + `"}}`, "too_large"},
	{"target beyond the last", send + `"text":"a","target":4}`, "bad_request"},
	{"target -1", send + `"text":"a","target":-1}`, "bad_request"},
	{"target in quotes", send + `"text":"a","target":"1"}`, "bad_request"},

	{"history before -1", `{"type":"history","conversation":"lobby","before":-1}`, "bad_request"},
	{"history limit 1001", `{"type":"history","conversation":"lobby","limit":1001}`, "bad_request"},

	{"read beyond the last", `{"type":"read","conversation":"lobby","seq":4}`, "bad_request"},
	{"read without seq", `{"type":"read","conversation":"lobby"}`, "bad_request"},
	{"read -1", `{"type":"read","conversation":"lobby","seq":-1}`, "bad_request"},

	{"leave of what is not joined", `{"type":"leave","conversation":"elsewhere"}`, "not_joined"},
	{"typing in what is not joined", `{"type":"typing","conversation":"elsewhere"}`, "not_joined"},
	{"read in what is not joined", `{"type":"read","conversation":"elsewhere","seq":0}`, "not_joined"},
}

func TestABadRequestGetsItsCodeAndNothingOfItIsDone(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.dial(t, "bob").sendMany("lobby", "b", 3)
	for _, row := range badRequests {
		t.Run(row.what, func(t *testing.T) {
			ann := s.dial(t, "ann")
			ann.join("lobby", `"limit":0`)
			ann.say("%s", row.frame)
			f := ann.expect("an error", ofType("error"))
			if !slices.Contains(strings.Split(row.code, "|"), f.Code) || f.Reason == "" {
				t.Errorf("%.200s: got %s, want %s and a reason", row.frame, f, row.code)
			}
			if strings.Contains(row.what, "beyond the last") && !strings.Contains(f.Reason, "3") {
				t.Errorf("the reason does not say the last, 3: %s", f)
			}
			if f := ann.ask(`{"type":"ping"}`); f.Type != "pong" {
				t.Errorf("the session does not go on: %s", f)
			}
			ann.never(0, "a reply to what was refused", func(f frame) bool {
				return f.Type == "pong" || f.Type == "ack" || f.Type == "message"
			})
		})
	}
	if last := s.dial(t, "ann").join("lobby").Last; last != 3 {
		t.Errorf("the last seq is %d, want 3: something of a refused request was recorded", last)
	}
}

func TestPlainTextIsShownTheJSONToType(t *testing.T) {
	t.Parallel()
	ann := serve(t).dial(t, "ann")
	ann.say("hello everybody")
	f := ann.expect("an error", ofType("error"))
	if !strings.Contains(f.Reason, `{"type":"send"`) {
		t.Errorf("the reason does not show the JSON to type: %s", f)
	}
}

func TestAConversationsIdIsHeldToItsForm(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann := s.dial(t, "ann")
	for _, id := range []string{"", "Lobby", "-a", ".a", "_a", "a b", "a/b", "../a", "лобби", filler(65), "a\\n"} {
		for _, request := range []string{
			`{"type":"join","conversation":"%s"}`,
			`{"type":"join","conversation":"%s","messages":false}`,
			`{"type":"leave","conversation":"%s"}`,
			`{"type":"send","conversation":"%s","text":"hi"}`,
			`{"type":"history","conversation":"%s"}`,
			`{"type":"typing","conversation":"%s"}`,
			`{"type":"read","conversation":"%s","seq":0}`,
		} {
			// A fresh session now and then: more than 100 bad requests in a minute end one.
			if ann.refs >= 90 {
				ann = s.dial(t, "ann")
			}
			ann.refused("invalid_conversation", request, id)
		}
	}
	for _, id := range []string{"a", "0", "a.b-c_d", "a..", filler(64)} {
		ann.join(id)
		ann.send(id, "c1", "hi")
	}
}

func TestWhatIsUnknownIsPassedOverAndNullIsAsAbsent(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		if f := ann.ask(`{"type":"ping","zig":{"a":[1,{"type":"x"}]},"zag":1e99}`); f.Type != "pong" {
			t.Errorf("unknown fields: got %s, want pong", f)
		}
		ann.say(`{"type":"ping","ref":null}`)
		if f := ann.expect("pong", ofType("pong")); f.has("ref") {
			t.Errorf(`"ref":null: got %s, want no ref`, f)
		}
		ann.join("lobby", `"after":null`, `"limit":null`, `"log":null`, `"messages":null`)
		ack := ann.ask(`{"type":"send","conversation":"lobby","id":null,"meta":null,"target":null,"prev":null,` +
			`"since":null,"text":"hi"}`)
		if ack.Type != "ack" || ack.has("id") {
			t.Errorf("got %s, want an ack without id", ack)
		}
		m := ann.messages("lobby", 1, 1)[0]
		for _, name := range []string{"id", "meta", "target", "name"} {
			if m.has(name) {
				t.Errorf("the message carries %s: %s", name, m)
			}
		}
	})
}

func TestARefOf64BytesComesBackWithEveryKindOfReply(t *testing.T) {
	t.Parallel()
	ann := serve(t).dial(t, "ann")
	ref := strings.Repeat("é", 32)
	for _, row := range []struct{ request, reply string }{
		{`{"type":"join","conversation":"lobby","ref":"%s"}`, "joined"},
		{`{"type":"send","conversation":"lobby","text":"hi","ref":"%s"}`, "ack"},
		{`{"type":"history","conversation":"lobby","ref":"%s"}`, "history"},
		{`{"type":"read","conversation":"lobby","seq":99,"ref":"%s"}`, "error"},
		{`{"type":"typing","conversation":"nowhere","ref":"%s"}`, "error"},
		{`{"type":"leave","conversation":"lobby","ref":"%s"}`, "left"},
		{`{"type":"dance","ref":"%s"}`, "error"},
		{`{"type":"ping","ref":"%s"}`, "pong"},
	} {
		ann.say(row.request, ref)
		if f := ann.expect("the reply", func(f frame) bool { return f.Ref == ref }); f.Type != row.reply {
			t.Errorf("%s: got %s, want %s", row.request, f, row.reply)
		}
	}
}

// What a later version brings is answered with a clear error, and the session goes on.
func TestWhatThisVersionDoesNotDoIsRefusedClearly(t *testing.T) {
	t.Parallel()
	ann := serve(t).dial(t, "ann")
	ann.join("lobby")
	for _, request := range []string{
		`{"type":"stream","conversation":"lobby","id":"m1","n":0,"delta":"Hel"}`,
		`{"type":"stream","conversation":"lobby","id":"m1","n":0,"end":true}`,
		`{"type":"stop","conversation":"lobby","id":"m1","from":"bot"}`,
	} {
		if f := ann.ask(request); f.Type != "error" || f.Reason == "" {
			t.Errorf("%s: got %s, want an error", request, f)
		}
	}
	if last := ann.join("lobby").Last; last != 0 {
		t.Errorf("something was recorded: last %d", last)
	}
}
