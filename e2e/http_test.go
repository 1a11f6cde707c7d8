package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// answer is an HTTP answer, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// get asks for a path; headers are pairs.
func (s *server) get(t testing.TB, path string, headers ...string) answer {
	t.Helper()
	return s.http(t, http.MethodGet, path, "", headers...)
}

// post records a message over HTTP as application/json.
func (s *server) post(t testing.TB, conversation, body string, headers ...string) answer {
	t.Helper()
	return s.http(t, http.MethodPost, "/api/conversations/"+conversation+"/messages", body,
		append([]string{"Content-Type", "application/json"}, headers...)...)
}

func (s *server) http(t testing.TB, method, path, body string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+s.addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" { // net/http keeps it apart
			r.Host = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := httpClient.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: the body: %v", method, path, err)
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

// is wants a status.
func (a answer) is(t testing.TB, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("got status %d, want %d; body: %.400s", a.status, status, a.body)
	}
	return a
}

// refuses wants a status and, in the body, an error of that code with a reason.
func (a answer) refuses(t testing.TB, status int, code string) answer {
	t.Helper()
	var e struct{ Error struct{ Code, Reason string } }
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || a.status != status || e.Error.Code != code ||
		e.Error.Reason == "" {
		t.Fatalf("got %d %.300s, want %d with error %s and a reason", a.status, a.body, status, code)
	}
	return a
}

// into reads the body as JSON.
func (a answer) into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("body is not the JSON wanted: %v: %.400s", err, a.body)
	}
}

// ack reads the body as the ack that it answers with.
func (a answer) ack(t testing.TB) frame {
	t.Helper()
	f := frame{Raw: a.body}
	a.into(t, &f)
	if err := checkFields("ack", []byte(a.body)); err != nil {
		t.Errorf("POST answers as ack does: %v: %s", err, a.body)
	}
	return f
}

// httpPage is the body of GET …/messages.
type httpPage struct {
	Log      string            `json:"log"`
	Last     int               `json:"last"`
	Sum      string            `json:"sum"`
	Messages []json.RawMessage `json:"messages"`
	More     bool              `json:"more"`
}

func (s *server) page(t testing.TB, conversation, query string) (httpPage, page) {
	t.Helper()
	var p httpPage
	a := s.get(t, "/api/conversations/"+conversation+"/messages?"+query).is(t, 200)
	a.into(t, &p)
	names, _ := fields([]byte(a.body))
	if got, want := strings.Join(names, " "), "log last sum messages more"; got != want {
		t.Errorf("GET messages: got the fields %s, want %s", got, want)
	}
	return p, pageOf(t, p.Messages, p.More)
}
