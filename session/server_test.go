package session

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"verbatim/hub"
	"verbatim/identity"
	"verbatim/permissions"
	"verbatim/persistence"
	"verbatim/persistence/disk"
	"verbatim/persistence/history"
	"verbatim/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testServer is all of a server but its listeners and its routes, on a real record, spoken to over pipes: so that it
// runs inside a synctest bubble, where a minute of silence takes no time.
type testServer struct {
	t        testing.TB
	env      *Env
	listener net.Listener
	drain    context.CancelFunc
	sessions context.Context // that drain ends
	ended    sync.WaitGroup  // sessions
	errs     chan error      // what Run returned, for the tests that ask; others never read it
}

func open(t testing.TB, change func(*Env, *hub.Options)) *testServer {
	t.Helper()
	record, err := disk.Open(t.Context(), t.TempDir(), disk.Options{Log: zerolog.Nop(), SegmentSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	recent := history.NewMemory(history.Options{Log: zerolog.Nop()})
	store := persistence.New(record, recent, 1000, zerolog.Nop())
	limits := protocol.DefaultLimits()
	limits.Rate = 0
	env := &Env{Store: store, Limits: &limits, Version: "test", Log: zerolog.Nop(), Counters: &Counters{}}
	var options hub.Options
	if change != nil {
		change(env, &options)
	}
	env.Hub = hub.New(store, options)
	store.SetPublisher(env.Hub)
	hubContext, stopHub := context.WithCancel(context.Background())
	hubEnded := make(chan struct{})
	go func() { defer close(hubEnded); _ = env.Hub.Run(hubContext) }()

	r := &testServer{t: t, env: env, listener: newPipes(), errs: make(chan error, 1000)}
	sessions, drain := context.WithCancel(context.Background())
	r.drain, r.sessions = drain, sessions
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		c, err := Upgrade(w, q)
		if err != nil {
			t.Errorf("upgrade: %v", err)
			return
		}
		r.ended.Go(func() {
			err := Run(sessions, c, env, whose(q.URL.Query()), q.URL.Query()["join"])
			t.Logf("%s's session ended: %v", q.URL.Query().Get("name"), err)
			r.errs <- err
		})
	})}
	serving := make(chan struct{})
	go func() { defer close(serving); _ = web.Serve(r.listener) }()
	t.Cleanup(func() {
		drain()
		r.ended.Wait()
		_ = web.Close()
		<-serving
		if err := store.Drain(context.Background()); err != nil {
			t.Error(err)
		}
		stopHub()
		<-hubEnded
		_ = recent.Close(context.Background())
		if err := record.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// whose says whose session it is. With ?life= it has a token for so long.
func whose(q url.Values) User {
	user := User{ID: protocol.UserID(q.Get("name"))}
	if life, err := time.ParseDuration(q.Get("life")); err == nil {
		user.Identity = &identity.Identity{
			Subject: &permissions.Subject{User: user.ID}, Name: q.Get("shown"), Expires: time.Now().Add(life),
		}
	}
	return user
}

// pipes is a listener whose connections are net.Pipe's.
type pipes struct {
	ends chan net.Conn
	done chan struct{}
	once sync.Once
}

func newPipes() *pipes { return &pipes{ends: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.ends:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// client is one person's connection. What comes is taken at once, as a socket's buffer would take it.
type client struct {
	r     *testServer
	ws    *websocket.Conn
	name  string
	heard chan said // closed when the connection ends
	end   error     // why; set before heard is closed
}

func (r *testServer) dial(name, query string) *client {
	r.t.Helper()
	ws := r.connect(name, query)
	ws.SetReadLimit(-1)
	c := &client{r: r, ws: ws, name: name, heard: make(chan said, 10_000)}
	go c.listen()
	c.expect("welcome")
	return c
}

// connect opens a connection, and reads nothing.
func (r *testServer) connect(name, query string) *websocket.Conn {
	r.t.Helper()
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		r.listener.(*pipes).ends <- there
		return here, nil
	}}
	options := &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}}
	ws, _, err := websocket.Dial(context.Background(), "ws://test/ws?name="+name+query, options)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = ws.CloseNow() })
	return ws
}

// enter dials and joins the lobby.
func (r *testServer) enter(name string) *client {
	r.t.Helper()
	c := r.dial(name, "&join=lobby")
	c.expect("joined")
	return c
}

func (c *client) say(frame string) {
	c.r.t.Helper()
	if err := c.ws.Write(context.Background(), websocket.MessageText, []byte(frame)); err != nil {
		c.r.t.Fatalf("%s says %s: %v", c.name, frame, err)
	}
}

func (c *client) send(text string) {
	c.r.t.Helper()
	c.say(`{"type":"send","conversation":"lobby","text":"` + text + `"}`)
}

// said is any object of the server, with the fields that tests look at.
type said struct {
	Type, Code, Text, User, Event, ID, Ref, Reason, Sum string
	Seq, First, Last                                    uint64
	Count                                               int
	Online                                              []string
	Reads                                               map[string]uint64
	Read                                                uint64
	raw                                                 string
}

// listen ends with the connection, which the test's cleanup closes.
func (c *client) listen() {
	defer close(c.heard)
	for {
		_, p, err := c.ws.Read(context.Background())
		if err != nil {
			c.end = err
			return
		}
		s := said{raw: string(p)}
		if err := json.Unmarshal(p, &s); err != nil {
			c.end = err
			return
		}
		c.heard <- s
	}
}

func (c *client) next() said {
	c.r.t.Helper()
	s, ok := <-c.heard
	if !ok {
		c.r.t.Fatalf("%s hears: %v", c.name, c.end)
	}
	return s
}

// expect passes over what is of another type and gives the next of that one.
func (c *client) expect(kind string) said {
	c.r.t.Helper()
	for {
		if s := c.next(); s.Type == kind {
			return s
		}
	}
}

// hears gathers what has come and what comes within d of the bubble's time.
func (c *client) hears(d time.Duration) (all []said) {
	over := time.After(d)
	for {
		select {
		case s, ok := <-c.heard:
			if !ok {
				return all
			}
			all = append(all, s)
		case <-over:
			return all
		}
	}
}

func of(kind string, all []said) (some []said) {
	for _, s := range all {
		if s.Type == kind {
			some = append(some, s)
		}
	}
	return some
}

func raws(all []said) string {
	var b strings.Builder
	for _, s := range all {
		b.WriteString(s.raw + "\n")
	}
	return b.String()
}
