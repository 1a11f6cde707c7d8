package protocol

import (
	"strings"
	"testing"
)

func TestDecodeAcceptsWhatTheContractShows(t *testing.T) {
	limits := DefaultLimits()
	number := func(n uint64) Number { return Number{n, true} }
	for frame, want := range map[string]Request{
		`{"type":"join","conversation":"lobby","after":41,"log":"9f2c"}`: {Type: TypeJoin, Conversation: "lobby", After: number(41), Log: "9f2c", Entries: true, Limit: 50},
		`{"type":"join","conversation":"lobby","after":58,"known":58,"sum":"ab"}`: {
			Type: TypeJoin, Conversation: "lobby", After: number(58), Known: 58, Sum: "ab", Entries: true, Limit: 50},
		`{"type":"send","conversation":"lobby","text":"hi","log":"9f2c","known":"x"}`: {Type: TypeSend, Conversation: "lobby", Text: `"hi"`, Log: "9f2c"},
		`{"type":"join","conversation":"lobby","messages":false}`:                     {Type: TypeJoin, Conversation: "lobby", Limit: 50},
		`{"type":"join","conversation":"lobby","limit":0,"after":null}`:               {Type: TypeJoin, Conversation: "lobby", Entries: true},
		`{"type":"leave","conversation":"a.b-c_9"}`:                                   {Type: TypeLeave, Conversation: "a.b-c_9"},
		`{"type":"send","conversation":"lobby","id":"c1","text":"hi"}`:                {Type: TypeSend, Conversation: "lobby", ID: "c1", Text: `"hi"`},
		` { "text" : "h\u0069\n\/" , "type" : "send" , "conversation" : "lobby" , "meta" : { "a" : 1.50 , "b" : [ ] } , "target" : 3 , "prev":"p","since":0,"ref":"r" } ` + "\n": {
			Type: TypeSend, Conversation: "lobby", Text: `"hi\n/"`, Meta: `{"a":1.50,"b":[]}`, Target: 3, Prev: "p", Since: number(0), Ref: "r"},
		`{"type":"history","conversation":"lobby","before":58,"limit":1000}`: {Type: TypeHistory, Conversation: "lobby", Before: number(58), Limit: 1000},
		`{"type":"typing","conversation":"lobby","seq":"no seq here"}`:       {Type: TypeTyping, Conversation: "lobby"},
		`{"type":"read","conversation":"lobby","seq":9007199254740991}`:      {Type: TypeRead, Conversation: "lobby", Seq: MaxNumber},
		`{"type":"ping","unknown":{"deep":[1,{"x":null}]},"Type":1}`:         {Type: TypePing},
		`{"ty\u0070e":"ping"}`: {Type: TypePing},
	} {
		want.Bytes = len(frame)
		got, err := Decode([]byte(frame), &limits)
		if err != nil || got != want {
			t.Errorf("%s\n got %+v, %v\nwant %+v", frame, got, err, want)
		}
	}
}

func TestDecodeRefusesWithTheContractsCode(t *testing.T) {
	limits := DefaultLimits()
	send := func(fields string) string { return `{"type":"send","conversation":"lobby",` + fields + `}` }
	long := strings.Repeat("x", 65)
	for _, row := range []struct {
		frame string
		code  Code
	}{
		{``, CodeBadRequest},
		{`hello`, CodeBadRequest},
		{`[]`, CodeBadRequest},
		{`{}`, CodeBadRequest},
		{`{"type":"ping"}{"type":"ping"}`, CodeBadRequest},
		{`{"type":"ping",}`, CodeBadRequest},
		{`{"type":"ping","type":"ping"}`, CodeBadRequest},
		{`{"type":"ping","x":1,"\u0078":2}`, CodeBadRequest},
		{`{"type":"ping","x":{"a":1,"a":2}}`, CodeBadRequest},
		{`{"type":"ping","x":"` + "\n" + `"}`, CodeBadRequest},
		{`{"type":"ping","x":01}`, CodeBadRequest},
		{`{"type":"ping","x":"\q"}`, CodeBadRequest},
		{`{"type":"ping","x":"\u12"}`, CodeBadRequest},
		{`{"type":"ping","x":"\ud800"}`, CodeBadRequest},
		{`{"type":"ping","x":"\u0000"}`, CodeBadRequest},
		{`{"type":"ping","x":["\u0000"]}`, CodeBadRequest},
		{`{"type":"ping","text":"\q"}`, CodeBadRequest},
		{`{"type":"ping","ref":""}`, CodeBadRequest},
		{`{"type":"ping","ref":5}`, CodeBadRequest},
		{`{"type":"ping","ref":"` + long + `"}`, CodeTooLarge},
		{`{"type":7}`, CodeBadRequest},
		{`{"type":"Ping"}`, CodeUnknownType},
		{`{"type":"stream","conversation":"lobby"}`, CodeUnknownType},
		{`{"type":"join"}`, CodeBadRequest},
		{`{"type":"join","conversation":null}`, CodeBadRequest},
		{`{"type":"join","conversation":7}`, CodeBadRequest},
		{`{"type":"join","conversation":""}`, CodeInvalidConversation},
		{`{"type":"join","conversation":"Lobby"}`, CodeInvalidConversation},
		{`{"type":"join","conversation":".x"}`, CodeInvalidConversation},
		{`{"type":"join","conversation":"` + long + `"}`, CodeInvalidConversation},
		{`{"type":"join","conversation":"lobby","after":-1}`, CodeBadRequest},
		{`{"type":"join","conversation":"lobby","after":1.5}`, CodeBadRequest},
		{`{"type":"join","conversation":"lobby","after":1e2}`, CodeBadRequest},
		{`{"type":"join","conversation":"lobby","after":9007199254740992}`, CodeBadRequest},
		{`{"type":"join","conversation":"lobby","after":"1"}`, CodeBadRequest},
		{`{"type":"join","conversation":"lobby","limit":1001}`, CodeBadRequest},
		{`{"type":"join","conversation":"lobby","messages":0}`, CodeBadRequest},
		{`{"type":"join","conversation":"lobby","known":5}`, CodeBadRequest},
		{`{"type":"join","conversation":"lobby","sum":"ab"}`, CodeBadRequest},
		{`{"type":"join","conversation":"lobby","known":0,"sum":"ab"}`, CodeBadRequest},
		{`{"type":"join","conversation":"lobby","known":-1,"sum":"ab"}`, CodeBadRequest},
		{`{"type":"join","conversation":"lobby","known":5,"sum":7}`, CodeBadRequest},
		{`{"type":"join","conversation":"lobby","known":5,"sum":""}`, CodeBadRequest},
		{send(`"text":"x","log":7`), CodeBadRequest},
		{`{"type":"read","conversation":"lobby"}`, CodeBadRequest},
		{send(`"id":"c"`), CodeBadRequest},
		{send(`"text":""`), CodeBadRequest},
		{send(`"text":5`), CodeBadRequest},
		{send(`"text":"\u0000"`), CodeBadRequest},
		{send(`"text":"\ud83d"`), CodeBadRequest},
		{send(`"text":"\q"`), CodeBadRequest},
		{send(`"text":"` + strings.Repeat("x", 16385) + `"`), CodeTooLarge},
		{send(`"text":"x","id":""`), CodeBadRequest},
		{send(`"text":"x","id":"` + long + `"`), CodeTooLarge},
		{send(`"text":"x","prev":"` + long + `"`), CodeTooLarge},
		{send(`"text":"x","target":0`), CodeBadRequest},
		{send(`"text":"x","meta":[]`), CodeBadRequest},
		{send(`"text":"x","meta":{"a":"\u0000"}`), CodeBadRequest},
		{send(`"text":"x","meta":{"a":"\udc00"}`), CodeBadRequest},
		{send(`"text":"x","meta":{"a":1,"a":1}`), CodeBadRequest},
		{send(`"text":"x","meta":{"a":"` + strings.Repeat("x", 4096) + `"}`), CodeTooLarge},
	} {
		_, err := Decode([]byte(row.frame), &limits)
		if err == nil || err.Code != row.code {
			t.Errorf("%.120s\n got %v, want %s", row.frame, err, row.code)
		} else if err.Reason == "" {
			t.Errorf("%.120s: no reason", row.frame)
		}
	}
}

func TestAnEscapedBackslashBeforeU0000IsNoNUL(t *testing.T) {
	limits := DefaultLimits()
	r, err := Decode([]byte(`{"type":"send","conversation":"a","text":"\\u0000","meta":{"x":"\\u0000"}}`), &limits)
	if err != nil || r.Text != `"\\u0000"` || r.Meta != `{"x":"\\u0000"}` {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestAFailedRequestStillTellsWhatItWas(t *testing.T) {
	limits := DefaultLimits()
	r, err := Decode([]byte(`{"text":"","type":"send","conversation":"lobby","id":"c1","ref":"r1"}`), &limits)
	if err == nil || r.Ref != "r1" || r.ID != "c1" || r.Conversation != "lobby" {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestAPostTakesItsIDFromBodyOrHeader(t *testing.T) {
	limits := DefaultLimits()
	body := []byte(`{"from":"bot","text":"x","id":"a"}`)
	if r, err := DecodePost(body, "lobby", "a", &limits); err != nil || r.ID != "a" || r.From != "bot" || r.Conversation != "lobby" {
		t.Errorf("got %+v, %v", r, err)
	}
	if _, err := DecodePost(body, "lobby", "b", &limits); err == nil || err.Code != CodeBadRequest {
		t.Errorf("unequal ids: got %v", err)
	}
	if r, err := DecodePost([]byte(`{"text":"x","conversation":"other"}`), "lobby", "k", &limits); err != nil || r.ID != "k" || r.Conversation != "lobby" {
		t.Errorf("got %+v, %v", r, err)
	}
	if _, err := DecodePost([]byte(`{"text":"x","from":"a\nb"}`), "lobby", "", &limits); err == nil || err.Code != CodeBadRequest {
		t.Errorf("a bad from: got %v", err)
	}
}

func TestAFaultAnywhereInARequestLeavesItsRef(t *testing.T) {
	limits := DefaultLimits()
	send := func(fields string) string { return `{"type":"send","ref":"R",` + fields + `}` }
	whole := Request{Type: TypeSend, Ref: "R", Conversation: "c", ID: "i"}
	for frame, want := range map[string]Request{
		send(`"conversation":"c","id":"i","text":"\ud800"`):                   whole,
		send(`"conversation":"c","id":"i","text":"\u0000"`):                   whole,
		send(`"conversation":"c","id":"i","text":"x","meta":{"a":1,"a":2}`):   whole,
		send(`"x":["\ud800"],"y":{"z":"\u0000"},"conversation":"c","id":"i"`): whole,
		send(`"z":1,"z":2,"conversation":"c","id":"i"`):                       whole,
		send(`"text":5,"conversation":"c","id":"i"`):                          whole,
		send(`"id":5,"conversation":"c","text":"x"`):                          {Type: TypeSend, Ref: "R", Conversation: "c"},
		send(`"id":"i","conversation":"C","text":"x"`):                        {Type: TypeSend, Ref: "R", ID: "i"},
		send(`"id":"i","id":"j","conversation":"c"`):                          {Type: TypeSend, Ref: "R", Conversation: "c"},
		send(`"conversation":"c","conversation":"d","id":"i"`):                {Type: TypeSend, Ref: "R", ID: "i"},
		`{"type":"ping","conversation":"c","id":"i","ref":"R","x":"\u0000"}`:  {Type: TypePing, Ref: "R"},
		`{"type":5,"conversation":"c","id":"i","ref":"R"}`:                    {Ref: "R"},
		`{"type":"read","ref":"R\u0000","conversation":"c","seq":1}`:          {Type: TypeRead, Conversation: "c"},
		`{"type":"read","ref":"\ud800","conversation":"c","seq":1}`:           {Type: TypeRead, Conversation: "c"},
		`{"type":"read","ref":"R","ref":"S","conversation":"c","seq":1}`:      {Type: TypeRead, Conversation: "c"},
		`{"type":"read","ref":"R","conversation":"c","seq":1}}`:               {}, // no JSON object
		`{"type":"read","ref":"R","conversation":"c","seq":1} {}`:             {},
		`{"type":"read","ref":"R","conversation":"c","seq":01}`:               {},
		`{"type":"read","ref":"R","conversation":"c","seq":"\q"}`:             {},
		`["ref","R"]`: {},
	} {
		want.Bytes = len(frame)
		got, err := Decode([]byte(frame), &limits)
		got = Request{Type: got.Type, Ref: got.Ref, Conversation: got.Conversation, ID: got.ID, Bytes: got.Bytes}
		if err == nil || got != want {
			t.Errorf("%s\n got %+v, %v\nwant %+v", frame, got, err, want)
		}
	}
}
