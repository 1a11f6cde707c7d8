package access

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"verbatim/server/listen"
	"verbatim/server/logging"
)

// policyOf returns the policy of a server with these flags.
func policyOf(t testing.TB, loopback bool, log zerolog.Logger, flags ...string) *Policy {
	t.Helper()
	o := Options{Loopback: loopback, Notes: logging.NewNotes(log), Refused: prometheus.NewCounter(prometheus.CounterOpts{})}
	var trusted Peers
	var origins []string
	for i := 0; i < len(flags); i += 2 {
		var err error
		switch value := flags[i+1]; flags[i] {
		case "--allow-host":
			o.Hosts = append(o.Hosts, strings.Split(value, ",")...)
		case "--allow-origin":
			origins = append(origins, value)
		case "--public-url":
			o.PublicURL, err = ParsePublicURL(value)
		case "--trusted-proxy":
			trusted, err = ParsePeers([]string{value})
		default:
			t.Fatalf("%s is no flag of the policy", flags[i])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if o.Origins, err = ParseOrigins(origins); err != nil {
		t.Fatal(err)
	}
	o.Visit = NewProxies(trusted, log).Visit
	return NewPolicy(o)
}

func TestThePolicyKnowsHostsAndOrigins(t *testing.T) {
	t.Parallel()
	flags := []string{"--allow-host", "chat.example.com,intra:8080", "--allow-origin", "https://App.example.com", "--allow-origin", "http://other:3000",
		"--public-url", "https://public.example.com:8443/chat/"}
	for _, row := range []struct {
		what         string
		loopback     bool
		host, origin string
		want         int
	}{
		{"localhost", true, "localhost:8080", "", 200},
		{"LOCALHOST", true, "LocalHost", "", 200},
		{"an address", true, "127.0.0.1:8080", "", 200},
		{"another address", true, "10.1.2.3", "", 200},
		{"an IPv6 address", true, "[::1]:8080", "", 200},
		{"an --allow-host", true, "Chat.Example.com:443", "", 200},
		{"an --allow-host that was given with a port", true, "intra", "", 200},
		{"a foreign host (DNS rebinding)", true, "evil.example.com:8080", "", 403},
		{"a host that begins like localhost", true, "localhost.evil.example.com", "", 403},
		{"a host that begins like an address", true, "127.0.0.1.evil.example.com", "", 403},
		{"no host", true, "", "", 403},
		{"any host where the listener is not loopback", false, "evil.example.com", "", 200},

		{"the server's own origin", true, "localhost:8080", "http://localhost:8080", 200},
		{"its own host by TLS, of which no proxy told", true, "chat.example.com", "https://chat.example.com", 403},
		{"its own with the scheme's port", true, "chat.example.com:80", "http://chat.example.com", 200},
		{"its own with another scheme's port", true, "chat.example.com:443", "http://chat.example.com", 403},
		{"its own with a dot at the end", true, "chat.example.com.", "http://chat.example.com.", 200},
		{"its own, an IPv6 address", true, "[::1]:8080", "http://[::1]:8080", 200},
		{"its own, an IPv6 address in another form", true, "[0:0::1]:80", "http://[::1]", 200},
		{"its own with letters of its own", true, "bücher.example.com", "http://xn--bcher-kva.example.com", 403},
		{"a --public-url", true, "localhost:8080", "https://public.example.com:8443", 200},
		{"a --public-url without its port", true, "localhost:8080", "https://public.example.com", 403},
		{"a --public-url by another scheme", true, "public.example.com:8443", "http://public.example.com:8443", 200},
		{"the host of --public-url", true, "public.example.com", "", 200},
		{"its own in other letters", true, "localhost:8080", "http://LOCALHOST:8080", 200},
		{"an --allow-origin", true, "localhost:8080", "https://app.example.com", 200},
		{"an --allow-origin with a port", false, "chat", "http://other:3000", 200},
		{"an --allow-origin on another port", true, "localhost:8080", "https://app.example.com:444", 403},
		{"an --allow-origin's host by another scheme", true, "localhost:8080", "http://app.example.com", 403},
		{"another port of the same host", true, "localhost:8080", "http://localhost:9090", 403},
		{"the same machine by another name", true, "127.0.0.1:8080", "http://localhost:8080", 403},
		{"a foreign origin", false, "chat", "https://evil.example.com", 403},
		{"a sandboxed page", false, "chat", "null", 403},
		{"a file", false, "chat", "file://", 403},
		{"what is no origin", false, "chat", "http://chat/path", 403},
		{"userinfo before the host", false, "chat", "http://chat@evil.example.com", 403},
	} {
		h := policyOf(t, row.loopback, zerolog.Nop(), flags...).
			Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		r := httptest.NewRequest(http.MethodGet, "/api/conversations", nil)
		r.Host = row.host
		if row.origin != "" {
			r.Header.Set("Origin", row.origin)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != row.want {
			t.Errorf("%s: Host %q, Origin %q: got %d, want %d", row.what, row.host, row.origin, w.Code, row.want)
		}
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestANameToListenAtIsAHostThatTheServerGoesBy(t *testing.T) {
	t.Parallel()
	names := listen.Names([]string{
		"Chat.Internal:8080", "dotted.internal.:8080", "bücher.internal:8080", "127.0.0.1:0", "unix:/run/x",
	})
	d := policyOf(t, true, zerolog.Nop(), "--allow-host", strings.Join(names, ","))
	for _, host := range []string{
		"chat.internal:8080", "dotted.internal:8080", "dotted.internal.", "xn--bcher-kva.internal",
	} {
		if !d.knows(host) {
			t.Errorf("%s is not known: got %v", host, d.hosts)
		}
	}
	if d.knows("unix") || d.knows("") {
		t.Errorf("got %v, want chat.internal to be known, and nothing else beside localhost", d.hosts)
	}
}
