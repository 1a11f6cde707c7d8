package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/coder/websocket"

	"verbatim/protocol"
)

// connectTimeout bounds the making of a connection, up to the answer to the upgrade.
const connectTimeout = 20 * time.Second

// closeTimeout bounds a closing handshake: this client's own, and the server's after a write that failed.
const closeTimeout = time.Second

// link is one connection.
type link struct {
	ws   *websocket.Conn
	wire *wire
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
		return nil, c.dialError(answer, err)
	}
	ws.SetReadLimit(protocol.MaxServerFrame)
	l.ws = ws
	return l, nil
}

// dialError returns what to report of a failed upgrade; answer is nil if there was none.
func (c *Client) dialError(answer *http.Response, err error) error {
	if answer != nil {
		after := seconds(answer.Header.Get("Retry-After"))
		return &refused{status: answer.StatusCode, after: after, err: err, reason: reasonIn(answer)}
	}
	var cause *net.OpError
	if errors.As(err, &cause) { // without the text that the library puts around it
		err = cause
	}
	return fmt.Errorf("client: connect to %s: %w", c.address, err)
}

// writeFrame sends one request.
func (l *link) writeFrame(frame []byte) error {
	if err := l.ws.Write(context.Background(), websocket.MessageText, frame); err != nil {
		return fmt.Errorf("client: write: %w", err)
	}
	return nil
}

// close ends the connection: with a closing handshake if the client has ended, else at once.
func (l *link) close(handshake bool) {
	if handshake {
		timer := time.AfterFunc(closeTimeout, func() { _ = l.wire.Close() })
		_ = l.ws.Close(websocket.StatusNormalClosure, "") // its error is the connection's, which is over
		timer.Stop()
	}
	_ = l.wire.Close()
	_ = l.ws.CloseNow()
}
