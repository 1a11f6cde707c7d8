package server

import (
	"math"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// budget divides the files that the system lets the server open, of which each connection needs one, so that no use of
// them takes what another needs. If there are enough, the flags and the contract's numbers hold.
type budget struct {
	connections    int // in all
	sessions       int // at most --max-connections
	handshakes     int // connections that have not finished a request, at most --max-handshakes
	handshakesEach int // of an address
	refusals       int // connections that are being told why they are none
	refusalsEach   int // of an address
	transcripts    int // that stay open; 0: as many as the record likes
	limit          int // of open files
}

const (
	// filesBeside is how many open files the server needs for anything but connections, at most: transcripts, the
	// journal, Redis, reads.
	filesBeside = 2048
	// maxRefusals and maxRefusalsEach bound the connections that are being refused.
	maxRefusals, maxRefusalsEach = 256, 16
	// addresses is how many addresses share the handshakes: each may have 32 of 1,024.
	addresses = 32
)

// newBudget divides limit files.
func newBudget(cfg *Config, limit int) budget {
	own := min(filesBeside, limit/4)
	b := budget{connections: limit - own, limit: limit}
	b.refusals = max(1, min(maxRefusals, b.connections/8))
	b.refusalsEach = max(1, min(maxRefusalsEach, b.refusals/2))
	b.handshakes = max(1, min(cfg.MaxHandshakes, b.connections/4))
	b.handshakesEach = max(1, min(cfg.MaxHandshakes/addresses, b.handshakes/2))
	// If there are as many sessions as there may be, requests still come in.
	asked := min(b.connections/4, cfg.MaxHandshakes+maxRefusals)
	b.sessions = max(1, min(cfg.MaxConnections, b.connections-b.refusals-asked))
	if own < filesBeside {
		b.transcripts = max(4, own/4)
	}
	return b
}

// openFiles returns the limit of open files. Go has raised the soft limit to the hard one already.
func openFiles() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > math.MaxInt32 {
		return math.MaxInt32 // as good as no limit
	}
	return int(limit.Cur)
}

// warn warns if the system lets the server open fewer files than its connections may need.
func (b budget) warn(log zerolog.Logger, cfg *Config) {
	if b.sessions < cfg.MaxConnections || b.handshakes < cfg.MaxHandshakes {
		log.Warn().Int("limit", b.limit).Int("connections", b.sessions).Int("handshakes", b.handshakes).
			Msg("the limit of open files is too low for --max-connections and --max-handshakes, so that fewer " +
				"are admitted: " +
				"raise it (ulimit -n), or lower them")
	}
}
