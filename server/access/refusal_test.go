package access

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestARefusalIsLoggedWithItsHeaderAndTheFlagThatLetsItIn(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what                                string
		host, origin, header, value, letsIn string
	}{
		{"another host", "chat.example.com:8443", "", "Host", "chat.example.com:8443", "--allow-host chat.example.com"},
		{"another origin", "localhost", "https://app.example.com:8443", "Origin", "https://app.example.com:8443", "--allow-origin https://app.example.com:8443"},
		{"a proxy that drops the port", "known.example.com", "http://known.example.com:8443", "Origin", "http://known.example.com:8443", "--public-url http://known.example.com:8443/"},
		{"a proxy that ends TLS", "known.example.com", "https://known.example.com", "Origin", "https://known.example.com", "--trusted-proxy 127.0.0.1"},
		{"a proxy that ends TLS and drops the port", "known.example.com", "https://known.example.com:8443", "Origin", "https://known.example.com:8443", "--allow-origin https://known.example.com:8443"},
		{"a sandboxed page", "localhost", "null", "Origin", "null", ""},
		{"what would act on a terminal", "localhost", "http://\x7f\x1b[31m", "Origin", "http://??[31m", ""},
		{"what is long", "localhost", "http://" + strings.Repeat("x", 300), "Origin", "http://" + strings.Repeat("x", 193) + "…", ""},
	} {
		log := &bytes.Buffer{}
		d := policyOf(t, true, zerolog.New(log), "--allow-host", "known.example.com")
		r := httptest.NewRequest("GET", "/api/conversations", nil)
		r.Host, r.RemoteAddr = row.host, "127.0.0.1:1234"
		if row.origin != "" {
			r.Header["Origin"] = []string{row.origin}
		}
		no := d.check(r)
		if no == nil {
			t.Errorf("%s: it was let in", row.what)
			continue
		}
		d.o.Notes.Add(no.note(r, d.o.Visit(r)))
		var said struct{ Level, Header, Value, Flag, Message string }
		if err := json.Unmarshal(log.Bytes(), &said); err != nil {
			t.Errorf("%s: the log says %q: %v", row.what, log, err)
		}
		if said.Level != "warn" || said.Header != row.header || said.Value != row.value || !strings.Contains(said.Flag, row.letsIn) || (row.letsIn == "") != (said.Flag == "") {
			t.Errorf("%s: the log says %s, want the header %s, %q and the flag %s", row.what, log, row.header, row.value, row.letsIn)
		}
	}
}

func TestARefusalNamesTheHeaderThatTheHostIsFrom(t *testing.T) {
	t.Parallel()
	for origin, want := range map[string]struct{ header, reason string }{
		"":                           {"X-Forwarded-Host", `host "chat.example.com"`},
		"http://chat.example.com:81": {"Origin", `says X-Forwarded-Host "chat.example.com"`},
	} {
		log := &bytes.Buffer{}
		flags := []string{"--trusted-proxy", "127.0.0.1"}
		if origin != "" {
			flags = append(flags, "--allow-host", "chat.example.com")
		}
		d := policyOf(t, true, zerolog.New(log), flags...)
		r := httptest.NewRequest("GET", "/api/conversations", nil)
		r.Host, r.RemoteAddr = "localhost", "127.0.0.1:1234"
		r.Header.Set("X-Forwarded-For", "192.0.2.1")
		r.Header.Set("X-Forwarded-Host", "chat.example.com")
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		no := d.check(r)
		if no == nil {
			t.Fatalf("origin %q: it was let in", origin)
		}
		d.o.Notes.Add(no.note(r, d.o.Visit(r)))
		logged := strings.Contains(log.String(), `"header":"`+want.header+`"`)
		if no.header != want.header || !strings.Contains(no.err.Reason, want.reason) || !logged {
			t.Errorf("origin %q: refused for %q, %s, and the log says %s; want %q", origin, no.header, no.err.Reason, log, want)
		}
	}
}

func TestTheFlagThatIsLoggedLetsItIn(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ host, origin string }{
		{"chat.example.com:8443", ""}, {"Chat.Example.com.", ""}, {"localhost", "https://app.example.com:8443"}, {"localhost", "capacitor://localhost"},
		{"localhost", "https://localhost"}, {"localhost:8080", "http://localhost:9090"},
	} {
		r := httptest.NewRequest("GET", "/api/conversations", nil)
		r.Host = row.host
		if row.origin != "" {
			r.Header.Set("Origin", row.origin)
		}
		before := policyOf(t, true, zerolog.Nop()).check(r)
		if before == nil {
			t.Errorf("Host %s, Origin %s: it was let in without a flag", row.host, row.origin)
			continue
		}
		alternatives := strings.Split(before.flags, ", or ")
		for _, flags := range []string{alternatives[0], alternatives[len(alternatives)-1]} { // the one between needs the proxy's header
			after := policyOf(t, true, zerolog.Nop(), strings.Fields(flags)...)
			if no := after.check(r); no != nil {
				t.Errorf("Host %s, Origin %s: with %q it is still refused: %v", row.host, row.origin, flags, no.err)
			}
		}
	}
}

func TestWhatNoFlagLetsInHasNone(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{
		"null", "file://", "FILE://host", "ws://localhost", "wss://chat.example.com", "ftp://localhost", "data://text",
		"nonsense", "",
	} {
		r := httptest.NewRequest("GET", "/api/conversations", nil)
		r.Host = "localhost"
		r.Header.Set("Origin", origin)
		no := policyOf(t, true, zerolog.Nop()).check(r)
		if no == nil || no.flags != "" || strings.Contains(no.err.Reason, "start it with") {
			t.Errorf("Origin %q: got %+v, want it refused with no flag: there is none that a start takes", origin, no)
		}
	}
}
