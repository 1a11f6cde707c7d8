package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"verbatim/protocol"
)

// Errors that a caller can act on. Compare with errors.Is.
var (
	// ErrClosed is returned for requests to a client that was closed, drained or has otherwise ended.
	ErrClosed = errors.New("client: closed")
	// ErrFull is returned by TrySend while Options.Unacked sends have no ack. Try again after the next Ack.
	ErrFull = errors.New("client: as many sends as Options.Unacked allows have no ack yet: " +
		"wait for one, or use Send, which waits")
)

// DefaultUnacked is the value of Options.Unacked if that is 0 or less.
const DefaultUnacked = 1024

// Options configures a client. Only URL is required. New copies it; later changes have no effect.
type Options struct {
	// URL is the server: ws://host:port, wss://…, http://…, https://… or host:port. The path defaults to /ws.
	// A query is dropped.
	URL string
	// Name is the user name to ask for. If it is empty the server assigns one, which the client keeps
	// across reconnects.
	Name protocol.UserID
	// Header is added to each upgrade request, for example Authorization.
	Header http.Header
	// Joins are the conversations to join from the start, as by Client.Join.
	Joins []Join
	// Handler receives everything that the server sends.
	Handler Handler
	// Unacked is the maximum number of sends without an ack, over all conversations. 0: DefaultUnacked.
	Unacked int
	// Backoff is the wait between connection attempts.
	Backoff Backoff
	// Dial opens the connection below HTTP. nil: TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// LiveOnly as Join.Limit asks for new entries only.
const LiveOnly = -1

// Join says which conversation to join, and from which entry on.
type Join struct {
	Conversation protocol.ConversationID
	// Follow joins without entries: Handler.Last reports the newest seq. Limit and After are ignored.
	Follow bool
	// Limit is how many of the newest entries come before the live ones, up to protocol.MaxPage.
	// 0: the server's default, 50. LiveOnly: none. Ignored if After is set.
	Limit int
	// After, if set, asks for all entries after this seq.
	After protocol.Number
	// Log is the log that After belongs to, at most 64 bytes. If the conversation has another log now,
	// Handler.Reset reports it. Optional.
	Log protocol.LogID
	// Known and Sum name an entry of that log and its sum, as Receipt returns them; Sum has at most 64 bytes.
	// If the record has another entry there, Handler.Reset reports it. Optional.
	Known protocol.Seq
	Sum   string
}

// maxName is the maximum length of a log's name and of a sum on the wire, in bytes.
const maxName = 64

// check returns an error if no server would accept j.
func (j *Join) check() error {
	if !j.Conversation.Valid() {
		return protocol.InvalidConversation(string(j.Conversation))
	}
	if j.Limit > protocol.MaxPage {
		return fmt.Errorf("client: join: Limit is %d, and at most %d", j.Limit, protocol.MaxPage)
	}
	if len(j.Log) > maxName || len(j.Sum) > maxName {
		return fmt.Errorf("client: join: Log and Sum are as Position and Receipt return them: "+
			"at most %d bytes", maxName)
	}
	return nil
}

// endpoint returns the URL of the upgrade for an address as a person writes it.
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
