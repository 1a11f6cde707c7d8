package server

import (
	"slices"
	"strings"
	"testing"
	"time"

	"verbatim/protocol"
	"verbatim/server/listen"
)

func TestWithoutAnyFlagTheLimitsAreTheContracts(t *testing.T) {
	t.Parallel()
	cfg := defaults(t)
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	if got, want := *cfg.limits(), protocol.DefaultLimits(); got != want {
		t.Errorf("limits: got %+v, want %+v", got, want)
	}
	if cfg.MaxConnections != 10_000 || cfg.HistorySize != 1000 || cfg.HistoryTTL != 24*time.Hour ||
		cfg.HistoryMemory != 256<<20 || cfg.DrainTimeout != 10*time.Second || !slices.Equal(listen.OrDefault(cfg.Listen), []string{"127.0.0.1:8080"}) || cfg.DataDir != "./data" {
		t.Errorf("defaults: got %+v", cfg)
	}
}

func TestSizesAreReadInPowersOf1024(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Size{
		"0": 0, "131072": 131072, "128kB": 128 << 10, "128k": 128 << 10, "256MB": 256 << 20, "256 MiB": 256 << 20, "1GB": 1 << 30, "7b": 7,
	} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MB", "1TB", "-1", "1.5MB", "1M B", "1bk", "99999999999999999999"} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
}

func TestOnlyLoopbackIsOpenUnasked(t *testing.T) {
	t.Parallel()
	for at, loopback := range map[string]bool{
		"127.0.0.1:0": true, "127.8.8.8:80": true, "[::1]:80": true, "localhost:80": true, "[::ffff:127.0.0.1]:80": true,
		":80": false, "0.0.0.0:80": false, "[::]:80": false, "192.168.1.5:80": false,
	} {
		if err := defaults(t, "--listen", at).Check(); (err == nil) != loopback {
			t.Errorf("--listen %s: got %v, want it refused: %v", at, err, !loopback)
		}
		if err := defaults(t, "--listen", at, "--auth", "open").Check(); err != nil {
			t.Errorf("--listen %s --auth open: %v", at, err)
		}
	}
}

func TestATrustedProxyIsAnAddressANetworkOrUnix(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"10.0.0.5": true, "10.0.0.0/24": true, "10.0.0.5/24": true, "2001:db8::/32": true, "::1": true, "unix": true,
		"::ffff:10.0.0.0/104": true,
		"localhost":           false, "10.0.0": false, "10.0.0.0/33": false, "10.0.0.1:80": false, "fe80::1%eth0": false, "*": false,
	} {
		err := defaults(t, "--trusted-proxy", text).Check()
		if (err == nil) != ok {
			t.Errorf("--trusted-proxy %q: got %v, want it taken: %v", text, err, ok)
		}
		if err != nil && !strings.Contains(err.Error(), "--trusted-proxy") {
			t.Errorf("--trusted-proxy %q: %v does not name the flag", text, err)
		}
	}
}
