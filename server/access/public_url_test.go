package access

import (
	"strings"
	"testing"
)

func TestAPublicURLIsReadOrRefusedInOneLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://chat.example.com":                "https://chat.example.com/",
		"https://chat.example.com/":               "https://chat.example.com/",
		"HTTPS://Chat.Example.com:443/chat":       "https://chat.example.com/chat/",
		"https://example.com/chat/":               "https://example.com/chat/",
		"https://example.com/Team/Chat":           "https://example.com/Team/Chat/",
		"http://[::1]:8080/chat":                  "http://[::1]:8080/chat/",
		"https://bücher.example/чат/":             "https://xn--bcher-kva.example/%D1%87%D0%B0%D1%82/",
		"https://example.com/%D1%87%D0%B0%D1%82/": "https://example.com/%D1%87%D0%B0%D1%82/",
	} {
		p, err := ParsePublicURL(text)
		if err != nil || p.String() != want {
			t.Errorf("--public-url %s: got %v, %v, want %s", text, p, err, want)
		}
	}
	for text, words := range map[string]string{
		"chat.example.com": "neither http:// nor https://", "//chat.example.com/": "neither", "/chat/": "neither", "wss://chat.example.com/": "neither",
		"https://": "host", "https:///chat": "host", "https://ann@chat.example.com": "a user", "https://chat.example.com/?a=b": "a query",
		"https://chat.example.com/#c": "a fragment", "https://chat.example.com/chat?": "a query", "https://chat.example.com:99999/": "port",
		"https://*.example.com/": "host name", "https://chat.example.com/a//b": "empty parts", "https://chat.example.com/a/../b/": "dots",
		"https://chat.example.com/..": "dots", "https://chat.example.com/%2e%2e/": "dots",
		"https://chat.example.com//": "empty parts", "https://chat.example.com/a%2Fb/": "empty parts", "https://chat.example.com/%zz": "not well formed",
		"https://chat.example.com/c/": "the server's own", "https://chat.example.com/api/chat": "the server's own", "https://chat.example.com/ws": "the server's own",
	} {
		_, err := ParsePublicURL(text)
		if err == nil || !strings.Contains(err.Error(), words) || !strings.HasPrefix(err.Error(), "--public-url ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("--public-url %s: got %v, want one line with %q", text, err, words)
		}
	}
}
