package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"
)

func TestARefusalForGoodEndsTheClientAndSaysWhy(t *testing.T) {
	for code, says := range map[int]string{1008: "see the error", 4001: "expired", 4003: "not yours"} {
		bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
			_, ended := run(t, o)
			k := f.next()
			if code == 1008 {
				k.say(`{"type":"error","code":"bad_request","reason":"a name has no control characters"}`)
			}
			k.close(code, says)
			err := <-ended
			switch {
			case err == nil || !strings.Contains(err.Error(), says):
				t.Errorf("%d: %v", code, err)
			case code == 1008 && !strings.Contains(err.Error(), "control characters"):
				t.Errorf("%d: %v, want the error before the close", code, err)
			}
		})
	}
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		f.instead(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
		_, ended := run(t, o)
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("403: %v", err)
		}
	})
}

// The server closes, and a write fails for it before the reader has come to why.
func TestARefusalForGoodIsNotHiddenByAWriteThatFails(t *testing.T) {
	for _, code := range []int{1008, 4001, 4003} {
		bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
			var broken atomic.Bool
			dial := o.Dial
			o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dial(ctx, network, address)
				return &mute{conn, &broken}, err
			}
			c, ended := run(t, o)
			k := f.next()
			k.joins("log1", "1", "0")
			synctest.Wait()
			broken.Store(true)
			if _, err := c.Send(context.Background(), Message{Conversation: "lobby", Text: "hi"}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			k.close(code, "no")
			var closed websocket.CloseError
			if err := <-ended; !errors.As(err, &closed) || closed.Code != websocket.StatusCode(code) {
				t.Errorf("Run: %v, want the close with %d", err, code)
			}
		})
	}
}

// mute is a connection that takes no more bytes once it is broken.
type mute struct {
	net.Conn
	broken *atomic.Bool
}

func (m *mute) Write(p []byte) (int, error) {
	if m.broken.Load() {
		return 0, syscall.EPIPE
	}
	return m.Conn.Write(p)
}
