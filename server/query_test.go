package server

import (
	"net/http"
	"strings"
	"testing"
)

func TestAQueryNameThatIsMistypedIsRefusedAndNamed(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.says("lobby", "ann", "one", "two")
	const list, messages, transcript = "/api/conversations?", "/api/conversations/lobby/messages?", "/api/conversations/lobby/transcript?"
	for query, words := range map[string][]string{
		messages + "afer=99":               {`\"afer\"`, "was after meant", "known"},
		messages + "after=1&wiat=5":        {`\"wiat\"`, "was wait meant"},
		messages + "After=1":               {`\"After\"`, "was after meant"},
		messages + "limits=5":              {`\"limits\"`, "was limit meant"},
		messages + "after=0&prefix=x":      {`\"prefix\"`, "there are after, before"},
		messages + "state=1":               {`\"state\"`},
		messages + "=1":                    {`\"\"`},
		messages + "after=1&after=2":       {"after is given 2 times"},
		messages + "after=1&after=1":       {"after is given 2 times"},
		messages + "log=&log=":             {"log is given 2 times"},
		messages + "%61fter=1&after=1":     {"after is given 2 times"},
		messages + "after=1;limit=2":       {"%3B"},
		messages + "q=" + long(500):        {`\"q\"`},
		messages + long(500):               {"xxx"},
		list + "limt=5":                    {`\"limt\"`, "was limit meant"},
		list + "after=NO!":                 {`\"NO!\"`, "id of a conversation"},
		list + "sort=-time&prefx=a":        {`\"prefx\"`, "was prefix meant"},
		list + "prefix=a&prefix=b":         {"prefix is given 2 times"},
		list + "wait=5":                    {`\"wait\"`, "prefix, contains, after, limit and sort"},
		list + "sort=time":                 {"id (the default) or -time"},
		list + "sort=":                     nil,
		transcript + "fromat=md":           {`\"fromat\"`, "was format meant", "there is format"},
		transcript + "format=md&format=md": {"format is given 2 times"},
		messages + "after=&limit=&wait=":   nil,
	} {
		if words == nil {
			ts.get(query).is(t, 200)
			continue
		}
		a := ts.get(query).refuses(t, 400, "bad_request", words[0])
		for _, w := range words[1:] {
			if !strings.Contains(strings.ToLower(a.body), strings.ToLower(w)) {
				t.Errorf("%.80s: got %.300s, want %s", query, a.body, w)
			}
		}
		if len(a.body) > 400 {
			t.Errorf("%.80s: an answer of %d bytes", query, len(a.body))
		}
		if a := ts.ask(http.MethodHead, query, ""); a.status != 400 {
			t.Errorf("HEAD %.80s: got %d", query, a.status)
		}
	}
	ts.ask(http.MethodPost, strings.TrimSuffix(messages, "?")+"?id=c1", `{"from":"bot","text":"hi"}`, "Content-Type", "application/json").
		refuses(t, 400, "bad_request", "takes no query")
	ts.get("/api/conversations/lobby/messages").has(t, `"last":2`)
}

func long(n int) string { return strings.Repeat("x", n) }

func TestAConnectionWhoseQueryIsMistypedGetsItsErrorAnd1008(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	for query, words := range map[string]string{
		"nam=ann": "was name meant", "name=ann&joins=lobby": "was join meant", "name=ann&name=ann": "name is given 2 times",
		"name=ann&after=5": `\"after\"`, "token=s3cret": "takes none in a URL",
	} {
		c, _ := ts.dial(query)
		got := ts.read(c)
		if !strings.Contains(got, `"type":"error","code":"bad_request"`) || !strings.Contains(got, words) || strings.Contains(got, "s3cret") {
			t.Errorf("?%s: got %s, want %s", query, got, words)
		}
		ts.closed(c, 1008)
	}
	c, _ := ts.dial("name=ann&join=a&join=b&join=a")
	if got := ts.read(c); !strings.Contains(got, "welcome") {
		t.Errorf("joins may be repeated: got %s", got)
	}
	if strings.Contains(ts.log.String(), "s3cret") {
		t.Error("the token stands in the log")
	}
}
