package server

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

func TestANameIsTheSameUserInEverySpellingByEveryDoor(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	const normal = "Zo\u00eb B"
	ts.post("lobby", `{"from":" Zoe\u0308 \u00a0B ","id":"a","text":"hi"}`).is(t, http.StatusCreated)
	ts.post("lobby", `{"from":"`+normal+`","id":"a","text":"hi"}`).is(t, http.StatusOK).has(t, `"seq":1`, `"duplicate":true`)
	ts.get("/api/conversations/lobby/messages").has(t, `"from":"`+normal+`"`)

	c, _ := ts.dial("join=lobby&name=" + url.QueryEscape("\u3000\uff3aoe\u0308  B"))
	if got := ts.read(c); !strings.Contains(got, `"user":"`+normal+`"`) {
		t.Errorf("got %s, want the name in its normal form", got)
	}
	if got := ts.read(c); !strings.Contains(got, `"online":["`+normal+`"]`) {
		t.Errorf("got %s", got)
	}
	say := func(frame string) {
		t.Helper()
		if err := c.Write(t.Context(), websocket.MessageText, []byte(frame)); err != nil {
			t.Fatal(err)
		}
	}
	ts.read(c) // the entry
	say(`{"type":"send","conversation":"lobby","id":"a","text":"hi"}`)
	if got := ts.read(c); !strings.Contains(got, `"seq":1,`) || !strings.Contains(got, `"duplicate":true`) {
		t.Errorf("a resend by WebSocket: got %s, want the duplicate", got)
	}
	say(`{"type":"read","conversation":"lobby","seq":1}`)
	say(`{"type":"ping"}`)
	ts.read(c) // pong: the mark is set
	again, _ := ts.dial("join=lobby&name=" + url.QueryEscape(normal))
	ts.read(again)
	if got := ts.read(again); !strings.Contains(got, `"read":1`) || !strings.Contains(got, `"count":1`) {
		t.Errorf("got %s, want the same user with its mark", got)
	}
}

func TestANameNobodyCanSeeIsRefusedByEveryDoorWithItsCharacter(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	for name, point := range map[string]string{"ann\u200b": "U+200B", "\u2060": "U+2060", "ann\u2800": "U+2800", "ann\u202e": "U+202E"} {
		ts.post("lobby", `{"from":"`+name+`","text":"hi"}`).refuses(t, http.StatusBadRequest, "bad_request", point)
		c, _ := ts.dial("name=" + url.QueryEscape(name))
		if got := ts.read(c); !strings.Contains(got, `"code":"bad_request"`) || !strings.Contains(got, point) {
			t.Errorf("%+q: got %s, want %s in the reason", name, got, point)
		}
		ts.closed(c, websocket.StatusPolicyViolation)
	}
}

func TestATextNobodyCanSeeIsRefusedByEveryDoor(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	c, _ := ts.dial("name=ann")
	ts.read(c)
	for _, text := range []string{"   ", `\u200b`, "\u2060", `\u3164`, `\n\t`} {
		ts.post("lobby", `{"from":"ann","text":"`+text+`"}`).refuses(t, http.StatusBadRequest, "bad_request", "can be seen")
		if err := c.Write(t.Context(), websocket.MessageText, []byte(`{"type":"send","conversation":"lobby","id":"a","text":"`+text+`"}`)); err != nil {
			t.Fatal(err)
		}
		if got := ts.read(c); !strings.Contains(got, `"code":"bad_request"`) || !strings.Contains(got, `"id":"a"`) {
			t.Errorf("%s: got %s, want bad_request", text, got)
		}
	}
	ts.post("lobby", `{"from":"ann","text":"\u200b\ud83d\ude00"}`).is(t, http.StatusCreated).has(t, `"seq":1`)
}
