package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"

	"verbatim/protocol"
)

// connectTimeout bounds the connection's making, up to the welcome's first byte.
const connectTimeout = 20 * time.Second

// closeTimeout is how long a farewell may take: the client's own, and the server's after a write that failed.
const closeTimeout = time.Second

// stayConnected connects as often as it takes.
func (c *Client) stayConnected(ctx context.Context) error {
	failures := 0
	crowd := time.Duration(0)
	for {
		start := time.Now()
		err := c.connection(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		asked, final := judge(err)
		if final {
			if c.said != nil {
				err = fmt.Errorf("client: refused: %s: %w", c.said.Reason, err)
			}
			return err
		}
		if time.Since(start) >= steady || errors.Is(err, errCut) {
			failures = 0
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			crowd = asked
		}
		wait := c.options.Backoff.delay(failures, asked, crowd, err)
		failures++
		c.stats.disconnects.Add(1)
		if h := c.options.Handler.Disconnected; h != nil {
			h(Disconnected{Err: err, Retry: wait})
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// connection makes one connection and reads from it until it ends; why is the error. The writer that it starts is gone
// when it returns.
func (c *Client) connection(ctx context.Context) error {
	l, err := c.dial(ctx)
	if err != nil {
		return err
	}
	over, finish := context.WithCancelCause(ctx)
	closed := make(chan struct{})
	go func() { // the connection's, which waits for it below; waits for the connection's end, or the client's; then closes
		defer close(closed)
		<-over.Done()
		l.close(ctx.Err() != nil)
	}()
	c.mu.Lock()
	c.cut = func() { finish(errCut) }
	c.mu.Unlock()
	written := make(chan error, 1)
	go func() { // the connection's, which waits for it below; see write
		err := c.write(over, l)
		// The server may have closed, and said why: the reader has this long to come to it. An error means that the wire is
		// closed already.
		_ = l.wire.SetReadDeadline(time.Now().Add(closeTimeout))
		written <- err
	}()
	c.said = nil
	err = c.read(l)
	finish(err)
	<-closed
	unwritten := <-written
	if isTooBig(err) {
		c.giveUpLargest()
	}
	c.disconnect()
	var farewell websocket.CloseError
	switch {
	case errors.As(err, &farewell): // a write that fails as the server goes does not hide why it goes
		return err
	case errors.Is(err, os.ErrDeadlineExceeded): // after a write that failed, and no close frame came
		return unwritten
	}
	return context.Cause(over)
}

var errCut = errors.New("client: the connection was broken off by Reconnect")

// link is one connection.
type link struct {
	ws   *websocket.Conn
	wire *wire
}

// close ends the connection: with a farewell where the client has ended, at once where it is broken.
func (l *link) close(farewell bool) {
	if farewell {
		timer := time.AfterFunc(closeTimeout, func() { _ = l.wire.Close() })
		_ = l.ws.Close(websocket.StatusNormalClosure, "") // its error is the connection's, which is over
		timer.Stop()
	}
	_ = l.wire.Close()
	_ = l.ws.CloseNow()
}

// dial opens a connection and upgrades it.
func (c *Client) dial(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	l := &link{}
	open := c.options.Dial
	if open == nil {
		open = (&net.Dialer{}).DialContext
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := open(ctx, network, address)
			if err != nil {
				return nil, err
			}
			l.wire = &wire{Conn: conn}
			return l.wire, nil
		},
	}
	address := c.address
	if user := c.User(); user != "" {
		address += "?name=" + url.QueryEscape(string(user))
	}
	ws, answer, err := websocket.Dial(ctx, address, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, HTTPHeader: c.options.Header,
	})
	if err != nil {
		if answer != nil {
			after := seconds(answer.Header.Get("Retry-After"))
			return nil, &refused{status: answer.StatusCode, after: after, err: err, reason: reasonIn(answer)}
		}
		var cause *net.OpError
		if errors.As(err, &cause) { // without the library's own words around it
			err = cause
		}
		return nil, fmt.Errorf("client: connect to %s: %w", c.address, err)
	}
	ws.SetReadLimit(protocol.MaxServerFrame)
	l.ws = ws
	return l, nil
}

// refused is an upgrade that HTTP answered with something else.
type refused struct {
	status int
	after  time.Duration
	err    error
	reason string // the server's own; "": something else has answered
}

func (r *refused) Error() string {
	if r.reason != "" {
		return fmt.Sprintf("client: the server answered with %d %s: %s", r.status, http.StatusText(r.status), r.reason)
	}
	return fmt.Sprintf("client: the server answered the upgrade with %d %s: %v", r.status, http.StatusText(r.status), r.err)
}
func (r *refused) Unwrap() error { return r.err }

// reasonIn returns the reason in an error of the server's over HTTP, or "" where something else has answered. The
// WebSocket library has read the body's beginning.
func reasonIn(answer *http.Response) string {
	var said struct {
		Error struct {
			Reason string `json:"reason"`
		} `json:"error"`
	}
	if answer.Body == nil || json.UnmarshalRead(answer.Body, &said) != nil {
		return ""
	}
	return said.Error.Reason
}

// isTooBig reports whether a connection was closed for a frame over a limit. Those of the server are held to here: there is
// another one, of something that stands in front of it.
func isTooBig(err error) bool {
	var closed websocket.CloseError
	return errors.As(err, &closed) && protocol.CloseCode(closed.Code) == protocol.CloseTooBig
}

// judge says of a connection's end how long the server asked to stay away, and whether another one is of no use.
func judge(err error) (asked time.Duration, final bool) {
	var no *refused
	if errors.As(err, &no) {
		temporary := no.status >= 500 || no.status == http.StatusTooManyRequests || no.status == http.StatusRequestTimeout
		return no.after, !temporary
	}
	var closed websocket.CloseError
	if !errors.As(err, &closed) {
		return 0, false
	}
	switch protocol.CloseCode(closed.Code) {
	case protocol.ClosePolicy, protocol.CloseToken, protocol.CloseForbidden:
		return 0, true
	}
	return retryAfter(closed.Reason), false
}

var retryAfterAtEnd = regexp.MustCompile(`(?:^|\s)retry_after=([0-9.]+)$`)

// retryAfter reads the end of the reason of 1001 and 1013.
func retryAfter(reason string) time.Duration {
	if m := retryAfterAtEnd.FindStringSubmatch(reason); m != nil {
		return seconds(m[1])
	}
	return 0
}

// longestWait bounds what a server may ask for.
const longestWait = 10 * time.Minute

// seconds reads a number of seconds; 0 where it is none.
func seconds(text string) time.Duration {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n > 0) {
		return 0
	}
	return time.Duration(min(n, longestWait.Seconds()) * float64(time.Second))
}

// endpoint makes of what a person writes the address of the upgrade.
func endpoint(address string) (string, error) {
	if !strings.Contains(address, "://") {
		address = "ws://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("client: %q is no address of a server: write it as ws://127.0.0.1:8080", address)
	}
	switch u.Scheme {
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	case "ws", "wss":
	default:
		return "", fmt.Errorf("client: the scheme of %q is none of ws, wss, http and https", address)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/ws"
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String(), nil
}
