package server

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// changes sends a body that changes something.
func (p *permitted) changes(method, path, token, body string) answer {
	p.t.Helper()
	return p.ask(method, path, body, append(bearer(token), "Content-Type", "application/json")...)
}

func TestAPrivateConversationIsItsMembersAlone(t *testing.T) {
	t.Parallel()
	p := withRules(t, "")
	everything := []string{"read *", "write *", "create *", "moderate *"}
	ann, eve := p.token("ann", "create *"), p.token("eve", everything...)
	bob := p.token("bob", "read lobby")
	a := p.changes("POST", "/api/conversations", ann, `{"id":"hr","title":" Personnel 人 ","members":["bob"]}`)
	a.is(t, http.StatusCreated).has(t, `"id":"hr","title":"Personnel 人"`, `"members":["ann","bob"]`)

	reader := p.connect(bob)
	p.request(reader, "1", `{"type":"join","conversation":"hr"}`)
	p.post("hr", `{"text":"ours"}`, bearer(ann)...).is(t, http.StatusCreated)
	p.await(reader, `"text":"ours"`)
	p.get("/api/conversations/hr/members", bearer(bob)...).is(t, http.StatusOK).has(t, `"members":["ann","bob"]`)

	stranger := p.connect(eve)
	for _, frame := range []string{
		`{"type":"join","conversation":"hr"}`, `{"type":"history","conversation":"hr"}`,
		`{"type":"send","conversation":"hr","text":"x"}`,
	} {
		if got := p.request(stranger, "1", frame); !strings.Contains(got, `"code":"forbidden"`) {
			t.Errorf("a stranger's %s: %s", frame, got)
		}
	}
	for _, path := range []string{"/api/conversations/hr/messages", "/api/conversations/hr/transcript", "/api/conversations/hr/members"} {
		p.get(path, bearer(eve)...).refuses(t, http.StatusForbidden, "forbidden", "")
	}
	if a := p.get("/api/conversations", bearer(eve)...); strings.Contains(a.body, `"hr"`) {
		t.Errorf("it is listed: %s", a.body)
	}
	p.get("/api/conversations", bearer(bob)...).has(t, `"hr"`)
	p.changes("PUT", "/api/conversations/hr/members", eve, `{"members":["eve"]}`).refuses(t, http.StatusForbidden, "forbidden", "")
	p.changes("PUT", "/api/conversations/hr/members", bob, `{"members":["bob"]}`).refuses(t, http.StatusForbidden, "forbidden", "")
	p.changes("POST", "/api/conversations", eve, `{"id":"hr","members":[]}`).refuses(t, http.StatusForbidden, "forbidden", "")

	p.changes("PUT", "/api/conversations/hr/members", ann, `{"members":["ann","dan"]}`).is(t, http.StatusOK).has(t, `["ann","dan"]`)
	p.await(reader, `"type":"left"`, `"conversation":"hr"`, `"code":"forbidden"`)
	p.post("hr", `{"text":"without bob"}`, bearer(ann)...).is(t, http.StatusCreated)
	if got := p.request(reader, "2", `{"type":"ping"}`); strings.Contains(got, "without bob") {
		t.Errorf("bob reads on: %s", got)
	}
	p.get("/api/conversations/hr/messages", bearer(p.token("dan"))...).is(t, http.StatusOK).has(t, "ours", "without bob")
}

func TestWhatIsNoConversationIsNotMade(t *testing.T) {
	t.Parallel()
	p := withRules(t, "")
	ann := p.token("ann", "create team-*", "write team-*", "read team-*")
	p.post("team-a", `{"text":"1"}`, bearer(ann)...).is(t, http.StatusCreated)
	for body, status := range map[string]int{
		`{"id":"team-a","title":"x"}`: 409, `{"id":"team-b","members":["bob"],"title":1}`: 400, `{"id":"Team"}`: 400, `{}`: 400,
		`{"id":"team-b","id":"team-c"}`: 400, `{"id":"team-b","Title":"x"}`: 400, `{"id":"team-b","members":["\u202e"]}`: 400,
		`{"id":"team-b","members":["guest-1"]}`: 400, `{"id":"other"}`: 403, `[]`: 400, ``: 400,
		`{"id":"team-b","title":"` + strings.Repeat("人", 201) + `"}`: 400,
	} {
		if a := p.changes("POST", "/api/conversations", ann, body); a.status != status || strings.Contains(a.body, "directory:") {
			t.Errorf("%s: got %d %s, want %d", body, a.status, a.body, status)
		}
	}
	p.changes("POST", "/api/conversations", ann, `{"id":"team-b","title":"B"}`).is(t, http.StatusCreated)
	p.changes("POST", "/api/conversations", ann, `{"id":"team-b","title":"B"}`).refuses(t, http.StatusConflict, "conflict", "")
	p.get("/api/conversations/team-b/members", bearer(ann)...).refuses(t, http.StatusNotFound, "not_found", "")
}

func TestADirectConversationIsOneForTheSamePeople(t *testing.T) {
	t.Parallel()
	p := withRules(t, "")
	ann, bob := p.token("ann", "read x"), p.token("bob", "read x")
	ids := make([]string, 50)
	var asking sync.WaitGroup
	for i := range ids {
		asking.Go(func() {
			who, with := ann, `{"with":["bob"]}`
			if i%2 == 1 {
				who, with = bob, `{"with":["ann","bob"]}`
			}
			ids[i] = p.changes("POST", "/api/direct", who, with).is(t, http.StatusOK).body
		})
	}
	asking.Wait()
	id := regexp.MustCompile(`^\{"id":"(d-[a-z0-9]{26})"\}$`).FindStringSubmatch(ids[0])
	if id == nil {
		t.Fatalf("got %s", ids[0])
	}
	for _, other := range ids {
		if other != ids[0] {
			t.Fatalf("two for the same people: %s and %s", other, ids[0])
		}
	}
	p.post(id[1], `{"text":"hello"}`, bearer(ann)...).is(t, http.StatusCreated)
	p.get("/api/conversations/"+id[1]+"/messages", bearer(bob)...).is(t, http.StatusOK).has(t, "hello")
	eve := p.token("eve", "read *", "write *", "create *", "moderate *")
	p.get("/api/conversations/"+id[1]+"/messages", bearer(eve)...).refuses(t, http.StatusForbidden, "forbidden", "")
	p.changes("PUT", "/api/conversations/"+id[1]+"/members", ann, `{"members":["eve"]}`).refuses(t, http.StatusForbidden, "forbidden", "")
	if other := p.changes("POST", "/api/direct", eve, `{"with":["ann"]}`).is(t, http.StatusOK).body; other == ids[0] {
		t.Error("other people have the same conversation")
	}
	for body, status := range map[string]int{`{"with":[]}`: 400, `{"with":["ann"]}`: 400, `{"with":["guest-1"]}`: 400, `{}`: 400} {
		if a := p.changes("POST", "/api/direct", ann, body); a.status != status {
			t.Errorf("%s: got %d %s", body, a.status, a.body)
		}
	}
}
