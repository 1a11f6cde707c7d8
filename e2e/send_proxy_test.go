package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// TestHaproxySaysForWhomItConnects: a real haproxy before the server, in both versions of the protocol, with its
// health checks.
func TestHaproxySaysForWhomItConnects(t *testing.T) {
	t.Parallel()
	for _, send := range []string{"send-proxy", "send-proxy-v2"} {
		t.Run(send, func(t *testing.T) {
			s := serve(t, "--proxy-protocol", "127.0.0.1", "--max-connections-per-ip", "1")
			front := fmt.Sprintf("127.0.0.1:%d", freePort(t))
			config := filepath.Join(t.TempDir(), "haproxy.cfg")
			text := fmt.Sprintf("defaults\n  mode tcp\n"+
				"  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"+
				"listen chat\n  bind %s\n  server s %s %s check check-send-proxy inter 100\n", front, s.addr, send)
			if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			start(t, false, "haproxy", "-f", config, "-db")
			eventually(t, "haproxy passes on", func() bool {
				a, err := httpClient.Get("http://" + front + "/healthz")
				if err != nil {
					return false
				}
				return a.Body.Close() == nil && a.StatusCode == http.StatusOK
			})
			through := &server{t: t, addr: front}
			from := func(addr string) *websocket.DialOptions {
				d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(addr)}}
				return &websocket.DialOptions{HTTPClient: &http.Client{Transport: &http.Transport{
					DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
						return d.DialContext(ctx, network, front)
					},
				}}}
			}
			for _, addr := range []string{"127.0.7.1", "127.0.7.2"} {
				if !through.letIn(t, from(addr)) {
					t.Errorf("%s was not let in", addr)
				}
				if through.letIn(t, from(addr)) {
					t.Errorf("a second connection of %s was let in: haproxy's word does not count", addr)
				}
			}
			if strings.Contains(s.output.String(), "no PROXY header") {
				t.Error("the log complains of haproxy's health checks")
			}
		})
	}
}
