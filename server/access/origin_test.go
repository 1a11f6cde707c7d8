package access

import (
	"strings"
	"testing"
)

func TestAnOriginIsAllowedWhereAFlagNamesIt(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		flag, origin string
		want         bool
	}{
		{"https://*.example.com", "https://a.example.com", true},
		{"https://*.example.com", "https://a.b.example.com", true},
		{"https://*.example.com", "https://A.Example.com", true},
		{"https://*.example.com", "https://example.com", false},
		{"https://*.example.com", "https://evilexample.com", false},
		{"https://*.example.com", "https://a.example.com.evil.com", false},
		{"https://*.example.com", "http://a.example.com", false},
		{"https://*.example.com", "https://a.example.com:8443", false},
		{"https://*.example.com", "https://.example.com", false},
		{"https://*.Example.com.:443", "https://a.example.com", true},
		{"https://*.example.com:8443", "https://a.example.com:8443", true},
		{"https://*.example.com:8443", "https://a.example.com", false},
		{"http://*.localhost:3000", "http://app.localhost:3000", true},
		{"https://*.bücher.example", "https://a.xn--bcher-kva.example", true},

		{"capacitor://localhost", "capacitor://localhost", true},
		{"ionic://localhost", "ionic://localhost", true},
		{"tauri://localhost", "tauri://localhost", true},
		{"tauri://localhost", "https://localhost", false},
		{"tauri://localhost", "tauri://evil", false},
		{"app://.", "app://.", true},
		{"app://com.example.Chat", "app://com.example.chat", true},
		{"chrome-extension://abcdefghijklmnopabcdefghijklmnop", "chrome-extension://abcdefghijklmnopabcdefghijklmnop", true},
		{"chrome-extension://abcdefghijklmnopabcdefghijklmnop", "chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba", false},
		{"moz-extension://0F9A3C1E-8a77-4f6e-9c8d-1b2a3c4d5e6f", "moz-extension://0f9a3c1e-8a77-4f6e-9c8d-1b2a3c4d5e6f", true},
		{"safari-web-extension://6C9D1F0A-0000-4000-8000-1B2A3C4D5E6F", "safari-web-extension://6C9D1F0A-0000-4000-8000-1B2A3C4D5E6F", true},

		{"https://chat.example.com", "https://chat.example.com:443", true},
		{"https://chat.example.com:443", "https://chat.example.com", true},
		{"https://chat.example.com:0443", "https://chat.example.com", true},
		{"https://chat.example.com.", "https://chat.example.com", true},
		{"HTTPS://Chat.Example.COM", "https://chat.example.com", true},
		{"http://chat.example.com:443", "http://chat.example.com", false},
		{"http://bücher.example", "http://xn--bcher-kva.example", true},
		{"http://[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080", true},
		{"http://[::1]", "http://[::2]", false},
		{"http://192.0.2.7", "http://192.0.2.7", true},
		{"http://my_host", "http://my_host", true},
	} {
		allowed, err := ParseOrigins([]string{row.flag})
		if err != nil {
			t.Errorf("--allow-origin %s: %v", row.flag, err)
			continue
		}
		from, err := ParseOrigin(row.origin)
		if got := err == nil && allowed.allow(from); got != row.want {
			t.Errorf("--allow-origin %s: Origin %s is allowed: %v (%v), want %v", row.flag, row.origin, got, err, row.want)
		}
	}
}

func TestAnOriginThatCouldNeverMatchIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	for flag, words := range map[string]string{
		"*": "pages of all origins", "null": "sandboxed", "file://": "app://name", "file:///index.html": "app://name",
		"https://*": "https://*.example.com", "https://*.com": "below .com", "https://*.": "host name",
		"https://chat.*.example.com": "subdomains only", "https://*chat.example.com": "subdomains only",
		"https://*.*.example.com": "subdomains only", "*://chat.example.com": "subdomains only",
		"https://chat.example.com:*": "subdomains only", "https://*.example.com:*": "subdomains only",
		"*.example.com": "subdomains only", "chrome-extension://*": "subdomains only", "tauri://*.localhost": "subdomains only",
		"http://*.127.0.0.1": "no subdomains", "http://*.[::1]": "no subdomains",
		"wss://chat.example.com": "https://chat.example.com", "ws://chat.example.com": "http://chat.example.com",
		"chat.example.com": "https://chat.example.com", "//chat.example.com": "https://chat.example.com",
		"https://": "https://chat.example.com", "https://chat.example.com/": "without a path", "https://chat.example.com/chat": "without a path",
		"https://chat.example.com?a": "without a path", "https://chat.example.com#a": "without a path", "https://ann@chat.example.com": "write it as",
		"https://chat example.com": "write it as", "https://chat..example.com": "write it as", "https://chat.example.com:0": "no port",
		"https://chat.example.com:65536": "no port", "https://::1": "no port", "http://[::1%25lo]": "IPv6", "http://[::1": "write it as",
		"http://127.1": "neither a name nor an address", "http://1.2.3.4.5": "neither a name nor an address", "http://host.0x1": "neither a name nor an address",
		"data://text": "scheme data", "capacitor://": "no host", "tauri://localhost/": "no host",
	} {
		_, err := ParseOrigins([]string{flag})
		if err == nil || !strings.Contains(err.Error(), words) || !strings.HasPrefix(err.Error(), "--allow-origin ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("--allow-origin=%s: got %v, want one line with %q", flag, err, words)
		}
	}
}

func FuzzAnOriginIsReadOrRefused(f *testing.F) {
	for _, seed := range []string{"https://chat.example.com:8443", "app://.", "http://[::1]:80", "null", "http://bücher.example", "https://*.example.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := ParseOrigin(text)
		if err != nil {
			return
		}
		again, err := ParseOrigin(o.String())
		if err != nil || again != o {
			t.Errorf("%q is %s, which is %s, %v", text, o, again, err)
		}
		if strings.ContainsAny(o.String(), " \t\r\n\"'\\;,") || strings.ToLower(o.String()) != o.String() {
			t.Errorf("%q is %q, which must not stand in a log or a flag", text, o)
		}
	})
}
