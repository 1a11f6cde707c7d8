// Package history keeps each conversation's newest entries where a reader gets them fast. Memory is a server's own;
// Redis outlives the server. Both hold what persistence.History says, and historytest holds both to it: they may
// forget anything at any time, and what they give is right (docs/protocol, promise 8).
//
// # Concurrency
//
// All methods may be called from any goroutine. Append never waits: not for Redis, not for a reader. Range of a
// Redis waits at most about a quarter of a second, and once a few calls have failed not at all.
package history

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence"
	"verbatim/protocol"
)

var (
	_ persistence.History = (*Memory)(nil)
	_ persistence.History = (*Redis)(nil)
)

// Options say how much is kept and how long. 0 is the default.
type Options struct {
	Size   int           // entries of one conversation; 1000
	TTL    time.Duration // since the last append; 24 h
	Memory int64         // bytes of all conversations in a Memory; 256 MB
	Log    zerolog.Logger
	Now    func() time.Time // time.Now

	// Entry returns the record's own entry of a log at a seq, or nil if it has none; it may wait for the disk. A
	// Redis asks it once for each key whether what an earlier server has left there is of this record. nil: what is
	// there is trusted.
	Entry func(ctx context.Context, id protocol.ConversationID, log protocol.LogID, seq protocol.Seq) ([]byte, error)
}

func (o Options) withDefaults() Options {
	if o.Size <= 0 {
		o.Size = 1000
	}
	if o.TTL <= 0 {
		o.TTL = 24 * time.Hour
	}
	if o.Memory <= 0 {
		o.Memory = 256 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Stats are for gauges and counters.
type Stats struct {
	Bytes         int64  // held in a Memory; 0 for a Redis
	Conversations int64  // held in a Memory; those that a Redis' appender has written to of late
	Queued        int64  // jobs that wait for Redis
	QueuedBytes   int64  // and their bytes
	Dropped       int64  // entries that found no room: since the start
	Appended      int64  // entries that were kept (of a Redis: arrived there): since the start
	Breaker       string // of a Redis: "closed", "open" or "half-open", the worse of reads and appends; else ""
	Abandoned     bool   // another server's id was found in this Redis
}
