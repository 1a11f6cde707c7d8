package load

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"

	"verbatim/protocol"
)

// fake is a small server, which keeps the contract except where its fault breaks it.
type fake struct {
	t     *testing.T
	web   *httptest.Server
	fault fault
	gone  atomic.Bool // it answers 503

	mu       sync.Mutex
	entries  [][]byte       // of its one conversation; seq i+1 is at index i
	ids      map[string]int // the seq of each
	sessions []*session
	ended    sync.WaitGroup
}

// fault returns what a session is sent in place of an entry. nil: the entry. n counts from 1.
type fault func(s *session, n int, entry []byte) [][]byte

type session struct {
	f      *fake
	ws     *websocket.Conn
	name   string
	joined bool
	n      int
	kept   []byte // a fault's own
	out    chan []byte
}

func newFake(t *testing.T, fault fault) *fake {
	f := &fake{t: t, fault: fault, ids: map[string]int{}}
	f.web = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(func() {
		f.web.Close()
		f.ended.Wait()
	})
	return f
}

// recorded returns a function that reports whether the fake has n entries.
func (f *fake) recorded(n int) func() bool {
	return func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.entries) >= n
	}
}

// joins returns how many sessions have joined so far.
func (f *fake) joins() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sessions)
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	if f.gone.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		f.t.Errorf("accept: %v", err)
		return
	}
	s := &session{f: f, ws: ws, name: r.URL.Query().Get("name"), out: make(chan []byte, 100_000)}
	f.ended.Add(2)
	go s.write() // the fake's; ends when out is closed
	go s.read()  // the fake's; ends with the connection
}

func (s *session) write() {
	defer s.f.ended.Done()
	for frame := range s.out {
		_ = s.ws.Write(context.Background(), websocket.MessageText, frame) // read notices a closed connection
	}
}

func (s *session) read() {
	defer s.f.ended.Done()
	s.out <- []byte(`{"type":"welcome","session":"s","user":"` + s.name + `","version":"fake","now":"",` +
		`"limits":{"frame":131072,"text":16384,"ping":30}}`)
	for {
		_, frame, err := s.ws.Read(context.Background())
		if err != nil {
			break
		}
		var o struct {
			Type, Conversation, ID, Ref, Text string
			After                             *int
		}
		if err := json.Unmarshal(frame, &o, json.MatchCaseInsensitiveNames(true)); err != nil {
			s.f.t.Errorf("%s: %v", frame, err)
		}
		s.f.mu.Lock()
		switch o.Type {
		case "join":
			s.join(o.Conversation, o.Ref, o.After)
		case "send":
			s.send(o.Conversation, o.ID, o.Text)
		}
		s.f.mu.Unlock()
	}
	_ = s.ws.CloseNow()
	s.f.mu.Lock()
	s.joined = false
	close(s.out)
	s.f.mu.Unlock()
}

func (s *session) join(conversation, ref string, after *int) {
	f := s.f
	from := len(f.entries)
	if after != nil {
		from = *after
	}
	log := ""
	if len(f.entries) > 0 {
		log = `"log":"log1",`
	}
	s.out <- fmt.Appendf(nil, `{"type":"joined","conversation":"%s",%s"first":%d,"last":%d,`+
		`"online":[],"count":1,"reads":{},"ref":"%s"}`, conversation, log, from+1, len(f.entries), ref)
	if !s.joined {
		s.joined = true
		f.sessions = append(f.sessions, s)
	}
	for _, entry := range f.entries[from:] {
		s.out <- entry // a resumption is exact
	}
}

func (s *session) send(conversation, id, text string) {
	f := s.f
	seq := f.ids[id]
	duplicate := seq > 0
	if !duplicate {
		seq = len(f.entries) + 1
		f.ids[id] = seq
	}
	s.out <- fmt.Appendf(nil, `{"type":"ack","id":"%s","conversation":"%s","seq":%d,"time":"","sum":""}`,
		id, conversation, seq)
	if duplicate {
		return
	}
	m := protocol.Message{
		Conversation: protocol.ConversationID(conversation), Seq: protocol.Seq(seq), ID: protocol.MessageID(id),
		From: protocol.UserID(s.name), Text: `"` + text + `"`,
	}
	if seq == 1 {
		m.Log = "log1"
	}
	entry := m.AppendJSON(nil, nil)
	f.entries = append(f.entries, entry)
	for _, other := range f.sessions {
		if !other.joined {
			continue
		}
		other.n++
		frames := [][]byte{entry}
		if f.fault != nil {
			frames = f.fault(other, other.n, entry)
		}
		for _, frame := range frames {
			other.out <- frame
		}
	}
}
