package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// client is one session of one user. A goroutine of its own reads all that comes, so that a test waits for what it
// is about in any order, and nothing else is lost.
//
// The test's goroutine calls its methods; the reader touches only what mu guards.
type client struct {
	t    testing.TB
	conn *websocket.Conn
	name string
	refs int

	welcome frame
	gate    sync.Mutex    // held while the client reads nothing
	ended   chan struct{} // closed when nothing more can come

	mu     sync.Mutex
	came   []frame       // what no expectation has taken yet
	count  int           // how many came in all
	more   chan struct{} // closed and replaced when something came
	err    error         // why reading ended
	broken []string      // frames that are not as the contract's tables say
}

// httpClient keeps no connection, so that none outlives its test.
var httpClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 90 * time.Second}

// dial connects under a name and waits for the welcome.
func (s *server) dial(t testing.TB, name string) *client {
	t.Helper()
	c, err := s.tryDial(t, "name="+url.QueryEscape(name), nil)
	if err != nil {
		t.Fatalf("dial as %s: %v", name, err)
	}
	c.name = name
	c.welcome = c.expect("welcome", ofType("welcome"))
	return c
}

// tryDial connects with a query and waits for nothing.
func (s *server) tryDial(t testing.TB, query string, opts *websocket.DialOptions) (*client, error) {
	t.Helper()
	return dialAt(t, "ws://"+s.addr+"/ws?"+query, opts)
}

// dialAt connects at an address and waits for nothing.
func dialAt(t testing.TB, address string, opts *websocket.DialOptions) (*client, error) {
	t.Helper()
	if opts == nil {
		opts = &websocket.DialOptions{}
	}
	if opts.HTTPClient == nil {
		opts.HTTPClient = httpClient
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, address, opts)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(-1)
	c := &client{t: t, conn: conn, name: address, ended: make(chan struct{}), more: make(chan struct{})}
	go c.read() // ends with the connection
	t.Cleanup(func() {
		c.drop()
		for _, b := range c.broken {
			t.Errorf("%s got a frame against the contract: %s", c.name, b)
		}
	})
	return c, nil
}

func (c *client) read() {
	defer close(c.ended)
	for {
		c.gate.Lock()
		c.gate.Unlock() //lint:ignore SA2001 it only waits while hold has it
		kind, raw, err := c.conn.Read(context.Background())
		if err != nil {
			c.put(func() { c.err = err })
			return
		}
		f, err := parseFrame(raw)
		c.put(func() {
			f.at, c.count = c.count, c.count+1
			c.came = append(c.came, f)
			if kind != websocket.MessageText {
				err = errors.New("a frame that is not text")
			}
			if err != nil && len(c.broken) < 5 {
				c.broken = append(c.broken, fmt.Sprintf("%v: %s", err, f))
			}
		})
	}
}

// put changes what mu guards, and wakes those that wait for it.
func (c *client) put(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	close(c.more)
	c.more = make(chan struct{})
}

// drop cuts the connection without a close frame, as a lost network does.
func (c *client) drop() {
	c.conn.CloseNow()
	<-c.ended
}

// hold stops reading until the returned function is called: what comes stays in the sockets' buffers.
func (c *client) hold() (release func()) {
	c.gate.Lock()
	release = sync.OnceFunc(c.gate.Unlock)
	c.t.Cleanup(release) // before the session's own, which waits for the reader
	return release
}

// say sends one text frame, as it is.
func (c *client) say(format string, args ...any) {
	c.t.Helper()
	text := formatted(format, args)
	if err := c.write(websocket.MessageText, text); err != nil {
		c.t.Fatalf("%s could not send %.200s: %v", c.name, text, err)
	}
}

// formatted leaves a request without arguments as it is: a text may hold a %.
func formatted(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

func (c *client) write(kind websocket.MessageType, text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	return c.conn.Write(ctx, kind, []byte(text))
}

// ask sends a request with a ref of its own and waits for the reply that carries it.
func (c *client) ask(format string, args ...any) frame {
	c.t.Helper()
	c.refs++
	ref := fmt.Sprintf("ref-%d", c.refs)
	request := formatted(format, args)
	c.say("%s", strings.TrimSuffix(request, "}")+`,"ref":"`+ref+`"}`)
	return c.expect("the reply to "+request, func(f frame) bool { return f.Ref == ref })
}

// expect waits for a frame and takes it; frames before it stay for other expectations.
func (c *client) expect(what string, is func(frame) bool) frame {
	c.t.Helper()
	f, ok := c.await(patience, is)
	if !ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.t.Fatalf("%s waits in vain for %s; the connection: %v; not taken, newest last: %s",
			c.name, what, c.err, newest(c.came))
	}
	return f
}

func (c *client) await(within time.Duration, is func(frame) bool) (frame, bool) {
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	looked := 0
	for {
		c.mu.Lock()
		for i := looked; i < len(c.came); i++ {
			if f := c.came[i]; is(f) {
				copy(c.came[1:i+1], c.came[:i]) // the shorter part moves: what is awaited is mostly the oldest
				c.came = c.came[1:]
				c.mu.Unlock()
				return f, true
			}
		}
		looked = len(c.came)
		more, over := c.more, c.err != nil
		c.mu.Unlock()
		if over {
			return frame{}, false
		}
		select {
		case <-more:
		case <-deadline.C:
			return frame{}, false
		}
	}
}

// never watches for a while that no such frame comes.
func (c *client) never(within time.Duration, what string, is func(frame) bool) {
	c.t.Helper()
	if f, ok := c.await(within, is); ok {
		c.t.Fatalf("%s got %s, want none: %s", c.name, what, f)
	}
}

// closed waits for the server to close and returns the code and the reason.
func (c *client) closed() (websocket.StatusCode, string) {
	c.t.Helper()
	select {
	case <-c.ended:
	case <-time.After(patience):
		c.t.Fatalf("%s was not closed within %v", c.name, patience)
	}
	var e websocket.CloseError
	if !errors.As(c.err, &e) {
		c.t.Fatalf("%s was not closed with a code: %v", c.name, c.err)
	}
	return e.Code, e.Reason
}

func newest(frames []frame) string {
	from := max(0, len(frames)-8)
	parts := make([]string, 0, 8)
	for _, f := range frames[from:] {
		parts = append(parts, f.String())
	}
	return fmt.Sprintf("%d frames %s", len(frames), strings.Join(parts, "\n  "))
}
