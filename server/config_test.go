package server

import (
	"slices"
	"testing"
	"time"

	"verbatim/protocol"
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
		cfg.HistoryMemory != 256<<20 || cfg.DrainTimeout != 10*time.Second || !slices.Equal(cfg.listens(), []string{"127.0.0.1:8080"}) || cfg.DataDir != "./data" {
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
	for listen, loopback := range map[string]bool{
		"127.0.0.1:0": true, "127.8.8.8:80": true, "[::1]:80": true, "localhost:80": true, "[::ffff:127.0.0.1]:80": true,
		":80": false, "0.0.0.0:80": false, "[::]:80": false, "192.168.1.5:80": false,
	} {
		if err := defaults(t, "--listen", listen).Check(); (err == nil) != loopback {
			t.Errorf("--listen %s: got %v, want it refused: %v", listen, err, !loopback)
		}
		if err := defaults(t, "--listen", listen, "--auth", "open").Check(); err != nil {
			t.Errorf("--listen %s --auth open: %v", listen, err)
		}
	}
}
