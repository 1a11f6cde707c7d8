package access

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// visitOf is what a server with those trusted proxies knows of a request; headers are pairs.
func visitOf(t *testing.T, trusted []string, remote string, headers ...string) (Visit, string) {
	t.Helper()
	peers, err := ParsePeers(trusted)
	if err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	r := httptest.NewRequest(http.MethodGet, "http://inner:8080/api/conversations", nil)
	if r.RemoteAddr = remote; remote == "" || remote == "@" {
		at := &net.UnixAddr{Name: "/run/verbatim.sock", Net: "unix"}
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(at)))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return NewProxies(peers, zerolog.New(log)).Visit(r), log.String()
}

func TestTheRightMostAddressThatIsNoTrustedProxyIsTheClients(t *testing.T) {
	t.Parallel()
	const nginx = "10.0.0.1:4711"
	proxies := []string{"10.0.0.0/8", "2001:db8:ffff::/48", "::ffff:192.168.7.0/120"}
	for what, row := range map[string]struct {
		remote string
		lines  []string
		want   string
	}{
		"no header":                          {nginx, nil, "10.0.0.1"},
		"one address":                        {nginx, []string{"203.0.113.7"}, "203.0.113.7"},
		"what the client wrote before it":    {nginx, []string{"1.1.1.1, 203.0.113.7"}, "203.0.113.7"},
		"a trusted proxy behind it":          {nginx, []string{"1.1.1.1, 203.0.113.7, 10.9.9.9"}, "203.0.113.7"},
		"two trusted proxies behind it":      {nginx, []string{"203.0.113.7, 2001:db8:ffff::9, 10.9.9.9"}, "203.0.113.7"},
		"several lines are one list":         {nginx, []string{"1.1.1.1", "203.0.113.7", "10.9.9.9"}, "203.0.113.7"},
		"empty entries and lines":            {nginx, []string{" , 203.0.113.7 ,,", "", " , "}, "203.0.113.7"},
		"only trusted ones":                  {nginx, []string{"10.1.1.1, 10.2.2.2"}, "10.1.1.1"},
		"with a port":                        {nginx, []string{"203.0.113.7:5000"}, "203.0.113.7"},
		"IPv6":                               {nginx, []string{"2001:db8::7"}, "2001:db8::7"},
		"IPv6 in brackets":                   {nginx, []string{"[2001:db8::7]"}, "2001:db8::7"},
		"IPv6 in brackets with a port":       {nginx, []string{"[2001:db8::7]:5000"}, "2001:db8::7"},
		"IPv6 in quotes":                     {nginx, []string{`"[2001:db8::7]:5000"`}, "2001:db8::7"},
		"a zone":                             {nginx, []string{"fe80::7%eth0"}, "fe80::7"},
		"IPv4 as IPv6":                       {nginx, []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		"a trusted one as IPv6":              {nginx, []string{"203.0.113.7, ::ffff:10.1.1.1"}, "203.0.113.7"},
		"garbage":                            {nginx, []string{"unknown"}, "10.0.0.1"},
		"garbage before a trusted proxy":     {nginx, []string{"1.1.1.1, _hidden, 10.9.9.9"}, "10.9.9.9"},
		"a bracket that never closes":        {nginx, []string{"[2001:db8::7"}, "10.0.0.1"},
		"a port that is none":                {nginx, []string{"203.0.113.7:x"}, "10.0.0.1"},
		"from a stranger":                    {"203.0.113.9:80", []string{"1.1.1.1"}, "203.0.113.9"},
		"from a trusted proxy by IPv6":       {"[2001:db8:ffff::1]:80", []string{"203.0.113.7"}, "203.0.113.7"},
		"from a trusted proxy as IPv6":       {"[::ffff:10.0.0.1]:80", []string{"203.0.113.7"}, "203.0.113.7"},
		"a proxy that was trusted as IPv6":   {"192.168.7.3:80", []string{"203.0.113.7"}, "203.0.113.7"},
		"one beside what was trusted so":     {"192.168.8.3:80", []string{"203.0.113.7"}, "192.168.8.3"},
		"from a Unix socket, not trusted":    {"@", []string{"203.0.113.7"}, "invalid IP"},
		"from an unnamed socket likewise":    {"", []string{"203.0.113.7"}, "invalid IP"},
		"a list of commas only":              {nginx, []string{strings.Repeat(",", 1000)}, "10.0.0.1"},
		"a long chain of trusted proxies":    {nginx, []string{"203.0.113.7" + strings.Repeat(",10.0.0.2", 3000)}, "203.0.113.7"},
		"a client within a trusted network":  {nginx, []string{"203.0.113.7, 10.0.0.99"}, "203.0.113.7"},
		"loopback that nobody trusts itself": {"127.0.0.1:80", []string{"203.0.113.7"}, "127.0.0.1"},
	} {
		var headers []string
		for _, line := range row.lines {
			headers = append(headers, "X-Forwarded-For", line)
		}
		if got, _ := visitOf(t, proxies, row.remote, headers...); got.Addr.String() != row.want {
			t.Errorf("%s: %q from %s: got %s, want %s", what, row.lines, row.remote, got.Addr, row.want)
		}
	}
	if got, _ := visitOf(t, []string{"unix"}, "@", "X-Forwarded-For", "203.0.113.7"); got.Addr.String() != "203.0.113.7" {
		t.Errorf("--trusted-proxy unix: got %s", got.Addr)
	}
	if got, _ := visitOf(t, []string{"unix"}, "10.0.0.1:80", "X-Forwarded-For", "203.0.113.7"); got.Addr.String() != "10.0.0.1" {
		t.Errorf("--trusted-proxy unix, and a TCP connection: got %s", got.Addr)
	}
}

func TestSchemeAndHostAreThoseOfTheProxyThatSawTheClient(t *testing.T) {
	t.Parallel()
	const nginx = "10.0.0.1:4711"
	for what, row := range map[string]struct {
		remote       string
		headers      []string
		scheme, host string
	}{
		"nothing said":             {nginx, nil, "http", "inner:8080"},
		"https and a host":         {nginx, []string{"X-Forwarded-Proto", "HTTPS", "X-Forwarded-Host", "chat.example.com"}, "https", "chat.example.com"},
		"a host with a port":       {nginx, []string{"X-Forwarded-Host", "chat.example.com:8443"}, "http", "chat.example.com:8443"},
		"wss, as Traefik says it":  {nginx, []string{"X-Forwarded-Proto", "wss"}, "https", "inner:8080"},
		"an IPv6 host":             {nginx, []string{"X-Forwarded-Host", "[2001:db8::1]:80"}, "http", "[2001:db8::1]:80"},
		"garbage":                  {nginx, []string{"X-Forwarded-Proto", "gopher", "X-Forwarded-Host", "a b/<c>"}, "http", "inner:8080"},
		"a host that is none":      {nginx, []string{"X-Forwarded-Host", "a..b"}, "http", "inner:8080"},
		"a port that is none":      {nginx, []string{"X-Forwarded-Host", "chat.example:99999"}, "http", "inner:8080"},
		"a host with a path":       {nginx, []string{"X-Forwarded-Host", "chat/path"}, "http", "inner:8080"},
		"a host with a user":       {nginx, []string{"X-Forwarded-Host", "chat@evil.example"}, "http", "inner:8080"},
		"what the client wrote":    {nginx, []string{"X-Forwarded-For", "203.0.113.7", "X-Forwarded-Proto", "https, http", "X-Forwarded-Host", "evil.example, chat.example"}, "http", "chat.example"},
		"the outer of two proxies": {nginx, []string{"X-Forwarded-For", "203.0.113.7, 10.0.0.2", "X-Forwarded-Proto", "https, http", "X-Forwarded-Host", "chat.example, inner"}, "https", "chat.example"},
		"one entry of two proxies": {nginx, []string{"X-Forwarded-For", "203.0.113.7, 10.0.0.2", "X-Forwarded-Proto", "https"}, "https", "inner:8080"},
		"from a stranger":          {"203.0.113.9:1", []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "chat.example"}, "http", "inner:8080"},
	} {
		if got, _ := visitOf(t, []string{"10.0.0.0/8"}, row.remote, row.headers...); got.Scheme != row.scheme || got.Host != row.host {
			t.Errorf("%s: got %s://%s, want %s://%s", what, got.Scheme, got.Host, row.scheme, row.host)
		}
	}
}

func TestAForwardedHeaderFromAStrangerIsIgnoredAndWarnedAboutOnce(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded"} {
		got, log := visitOf(t, nil, "203.0.113.9:80", name, "https")
		if !got.Forwarded || got.Scheme != "http" || got.Addr.String() != "203.0.113.9" {
			t.Errorf("%s: got %+v", name, got)
		}
		if !strings.Contains(log, name) || !strings.Contains(log, "--trusted-proxy") || strings.Count(log, "\n") != 1 {
			t.Errorf("%s: the log says %q", name, log)
		}
	}
	log := &bytes.Buffer{}
	p := NewProxies(Peers{}, zerolog.New(log))
	for range 3 {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("X-Forwarded-For", "1.1.1.1")
		p.Visit(r)
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("three requests were warned about %d times, want once", n)
	}
}

func TestTheStandardHeaderIsReadFromNobody(t *testing.T) {
	t.Parallel()
	got, log := visitOf(t, []string{"10.0.0.1"}, "10.0.0.1:80", "Forwarded", `for=203.0.113.7;proto=https;host=chat.example`)
	if got.Addr.String() != "10.0.0.1" || got.Scheme != "http" || got.Host != "inner:8080" {
		t.Errorf("got %+v, want the proxy's own", got)
	}
	if !strings.Contains(log, "X-Forwarded-For") {
		t.Errorf("the log says %q, want what the proxy is to set", log)
	}
}
