package history

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
)

// One data directory, one Redis: two servers with different records must not fill and read the same keys. The
// directory's id is the value of ownerKey while its server lives.
const (
	ownerKey     = "verbatim:owner"
	leaseTTL     = 10 * time.Second
	leaseRefresh = 3 * time.Second
	leaseRetry   = time.Second // while Redis is away or fails
	leaseTimeout = time.Second
)

// claimScript returns the owner after it has set ours, if there was none (or something that is no id). A full Redis
// refuses the SET and still answers who the owner is, so its error is passed over.
const claimScript = `
local owner = redis.pcall('GET', KEYS[1])
if type(owner) == 'string' and owner ~= ARGV[1] then return owner end
redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]`

const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

// lease is a data directory's ownership of its Redis: it holds for leaseTTL after Redis has confirmed it. Once another
// owner was found it is lost until a restart, because two servers have written there. Safe for concurrent use.
type lease struct {
	// Fixed.
	client redis.UniversalClient
	dataID string
	log    zerolog.Logger
	start  time.Time // what until is counted from

	until    atomic.Int64 // time.Duration since start
	lost     atomic.Bool  // another owner was found
	released atomic.Bool
}

// tended is what a lease's refresh looks after besides, since it calls Redis in any case.
type tended interface {
	// well reports whether nothing needs a call soon.
	well() bool
	// back says that Redis was away and answers again.
	back()
	// try calls what needs a call, so that no reader has to.
	try(ctx context.Context)
}

// claim asks Redis who its owner is, and takes the lease if there is none.
func (l *lease) claim(ctx context.Context) (owner string, err error) {
	ctx, cancel := context.WithTimeout(ctx, leaseTimeout)
	defer cancel()
	asked := time.Since(l.start)
	owner, err = l.client.Eval(ctx, claimScript, []string{ownerKey}, l.dataID, leaseTTL.Milliseconds()).Text()
	if err == nil && owner == l.dataID {
		l.until.Store(int64(asked + leaseTTL))
	}
	return owner, err
}

// held reports whether this Redis may be read and written.
func (l *lease) held() bool {
	return !l.lost.Load() && !l.released.Load() && int64(time.Since(l.start)) < l.until.Load()
}

// refresh keeps the lease. away says whether Redis was away at the start. It waits for its timer and for single calls
// with a timeout, and ends with ctx or when the lease is lost.
func (l *lease) refresh(ctx context.Context, away bool, t tended) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		pause := leaseRefresh
		if away || !t.well() {
			pause = leaseRetry
		}
		timer.Reset(pause)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}

		owner, err := l.claim(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if !away {
				l.log.Warn().Err(err).Msg("redis: away: recent messages are read from the record")
			}
			away = true
			continue
		case owner != l.dataID:
			l.lose(owner)
			return
		case away:
			l.log.Info().Msg("redis: back")
			t.back()
			away = false
		}
		t.try(ctx)
	}
}

func (l *lease) lose(owner string) {
	l.lost.Store(true)
	l.log.Error().Str("owner", owner).Msg("redis: another server (data directory " + owner + ") uses this Redis: " +
		"it is left alone until a restart; give one of them another database")
}

// release ends the lease. If it is held, and ctx has not ended, another server can have this Redis at once.
func (l *lease) release(ctx context.Context) error {
	held := l.held()
	l.released.Store(true)
	if !held || ctx.Err() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, leaseTimeout)
	defer cancel()
	if err := l.client.Eval(ctx, releaseScript, []string{ownerKey}, l.dataID).Err(); err != nil {
		return fmt.Errorf("redis: release the ownership: %w", err)
	}
	return nil
}
