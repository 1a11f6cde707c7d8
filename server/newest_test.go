package server

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
)

// newestPage is a page of the list that begins with the newest.
type newestPage struct {
	Conversations []struct {
		ID          string
		Last        int
		Time        string
		Online      int
		LastMessage *struct {
			Seq                            int
			Conversation, From, Text, Time string
		} `json:"last_message"`
	}
	More bool
	Next string
}

func (ts *testServer) newestPage(query string) (p newestPage) {
	ts.t.Helper()
	a := ts.get("/api/conversations?sort=-time&"+query).is(ts.t, 200)
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		ts.t.Fatalf("%s: %v", a.body, err)
	}
	if p.More != (p.Next != "") {
		ts.t.Errorf("more is %v, and next %q", p.More, p.Next)
	}
	return p
}

func TestTheNewestConversationsComeFirstWithTheirLastMessage(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	if a := ts.get("/api/conversations?sort=-time").is(t, 200); a.body != `{"conversations":[],"more":false}` {
		t.Errorf("an empty record: got %s", a.body)
	}
	for i, id := range strings.Fields("b a c a team-x b") {
		ts.says(id, "ann", fmt.Sprint("text ", i))
	}
	p := ts.newestPage("")
	var got []string
	for _, c := range p.Conversations {
		m := c.LastMessage
		if m == nil || m.Seq != c.Last || m.Conversation != c.ID || m.From != "ann" || m.Time != c.Time {
			t.Fatalf("%s: got %+v, last message %+v", c.ID, c, m)
		}
		got = append(got, c.ID+": "+m.Text)
	}
	if want := "b: text 5, team-x: text 4, a: text 3, c: text 2"; strings.Join(got, ", ") != want || p.More {
		t.Errorf("got %v, more %v, want %s", got, p.More, want)
	}
	if p := ts.newestPage("contains=am-"); len(p.Conversations) != 1 || p.Conversations[0].ID != "team-x" {
		t.Errorf("those with am-: %+v", p)
	}
	if p := ts.newestPage("prefix=team"); len(p.Conversations) != 1 || p.Conversations[0].ID != "team-x" {
		t.Errorf("a prefix: got %+v", p)
	}
	ts.says("c", "bob", "newer") // what a list kept of the last one is not the last any more
	if c := ts.newestPage("limit=1").Conversations[0]; c.ID != "c" || c.LastMessage.Text != "newer" || c.LastMessage.From != "bob" {
		t.Errorf("after one more: got %+v %+v", c, c.LastMessage)
	}
	if strings.Contains(ts.get("/api/conversations").body, "last_message") {
		t.Error("the list by id has last messages, which nobody asked for")
	}
}

func TestPagesOfTheNewestNeitherSkipNorRepeatWhileMessagesCome(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	const n = 60
	var want []string
	for i := range n {
		id := fmt.Sprintf("room-%02d", i)
		ts.says(id, "ann", "hi")
		want = append([]string{id}, want...)
	}
	var got []string
	query := "limit=7"
	for page := 0; ; page++ {
		p := ts.newestPage(query)
		for _, c := range p.Conversations {
			got = append(got, c.ID)
		}
		if !p.More {
			break
		}
		query = "limit=7&after=" + url.QueryEscape(p.Next)
		ts.says(want[(page*11+3)%n], "bob", "again") // some were shown, others not
		ts.says(want[(page*17+40)%n], "bob", "again")
		ts.says(fmt.Sprint("new-", page), "bob", "hi")
		ts.newestPage("limit=2")
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want each once: %v", got, want)
	}
	ts.says("dotted.id.x", "ann", "hi")
	ts.says("zzz", "ann", "hi")
	p := ts.newestPage("limit=2")
	if next := ts.newestPage("limit=1&after=" + p.Next); p.Conversations[1].ID != "dotted.id.x" || next.Conversations[0].ID == "dotted.id.x" {
		t.Errorf("an id with dots: got %+v, then %+v", p, next)
	}
	for _, after := range []string{"lobby", "x", "1.2", "1.2.NO", "0.1.a", "!.1.a", "a.b", ".."} {
		ts.get("/api/conversations?sort=-time&after="+after).refuses(t, 400, "bad_request", "page before")
	}
}

func TestAPageOfTheNewestHasItsBoundInBytes(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	const n = 40
	for i := range n {
		ts.says(fmt.Sprintf("room-%02d", i), "ann", strings.Repeat("x", 16000))
	}
	seen := map[string]bool{}
	pages := 0
	for query := "limit=1000"; ; pages++ {
		a := ts.get("/api/conversations?sort=-time&"+query).is(t, 200)
		if len(a.body) > ts.limits.Page+1000 {
			t.Errorf("a page has %d bytes, want about %d", len(a.body), ts.limits.Page)
		}
		p := ts.newestPage(query)
		for _, c := range p.Conversations {
			seen[c.ID] = true
		}
		if !p.More {
			break
		}
		query = "limit=1000&after=" + p.Next
	}
	if len(seen) != n || pages == 0 {
		t.Errorf("%d conversations on %d more pages, want %d on several", len(seen), pages, n)
	}
}

// What a list of the newest costs where there are many conversations: of which one has moved since the last list.
func BenchmarkTheNewestOf10000(b *testing.B) {
	ts := serve(b)
	const n = 10_000
	say := func(i int) {
		send := &persistence.Send{Message: persistence.Message{
			Conversation: protocol.ConversationID(fmt.Sprintf("room-%05d", i%n)),
			Author:       "ann", Text: `"` + strings.Repeat("x", 100) + `"`,
		}}
		if err := ts.store.SendWait(b.Context(), send); err != nil || send.Err != nil {
			b.Fatal(err, send.Err)
		}
	}
	var group sync.WaitGroup
	for worker := range 64 {
		group.Go(func() {
			for i := worker; i < n; i += 64 {
				say(i)
			}
		})
	}
	group.Wait()
	list := func(query string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/api/conversations?sort=-time"+query, nil)
		r.Host = "localhost"
		ts.http.Handler.ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
	began := time.Now()
	list("&limit=1000")
	b.Logf("the first list, of 1000: %v", time.Since(began))
	b.Run("nothing moved", func(b *testing.B) {
		for b.Loop() {
			list("")
		}
	})
	b.Run("one moved", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			say(i * 7)
			b.StartTimer()
			list("")
		}
	})
}
