package server

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestAServerThatDrainsIsNotHealthy(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	o := HealthcheckOptions{Listen: []string{strings.TrimPrefix(ts.url, "http://")}, Timeout: patience}
	if asked, err := Healthcheck(t.Context(), o); err != nil || asked != ts.url+"/readyz" {
		t.Errorf("got %s, %v, want that it is ready", asked, err)
	}
	ts.stopServing()
	if _, err := Healthcheck(t.Context(), o); err == nil || !strings.HasSuffix(err.Error(), `/readyz answers 503: "draining"`) {
		t.Errorf("got %v, want that it is draining", err)
	}
}

func TestAHealthCheckGivesUpOnAServerThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	o := HealthcheckOptions{Listen: []string{strings.TrimPrefix(ts.url, "http://")}, Timeout: time.Nanosecond}
	if _, err := Healthcheck(ctx, o); err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("got %v, want that there is no answer", err)
	}
}

func TestAHealthCheckAsksOnThisMachine(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1", "::1": "::1", "192.0.2.1": "192.0.2.1", "chat.internal": "chat.internal",
	} {
		if got := healthHost(host); got != want {
			t.Errorf("a server that listens on %q: got %q, want %q", host, got, want)
		}
	}
}
