package api

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWhoNamesTheTypeAndDoesNotLikeJSONBetterGetsAStream(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"text/event-stream":                                true,
		"Text/Event-Stream":                                true,
		"text/event-stream; charset=utf-8":                 true,
		"text/event-stream, */*":                           true,
		"*/*, text/event-stream":                           true,
		"text/event-stream, application/json":              true,
		"application/json, text/event-stream":              false,
		"application/json;q=0.5, text/event-stream":        true,
		"application/json, text/event-stream;q=0.9":        false,
		"text/event-stream;q=0":                            false,
		"text/event-stream;q=0.1":                          true,
		"text/event-stream;q=0.1, */*":                     false,
		"application/*, text/event-stream;q=0.9":           false,
		"text/event-stream;q=0.5, */*;q=0.1":               true,
		"":                                                 false,
		"*/*":                                              false,
		"text/*":                                           false,
		"application/json":                                 false,
		"text/event-streams":                               false,
		"text/event-stream;q=x":                            false,
		"text/html,application/xhtml+xml,*/*;q=0.8":        false,
		"text/event-stream;q=0.5|application/json;q=0.6":   false,
		"application/json;q=0.6|text/event-stream; q=0.61": true,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Accept"] = strings.Split(accept, "|")
		if got := wantsEvents(r); got != want {
			t.Errorf("Accept: %s: got %v, want %v", accept, got, want)
		}
	}
}
