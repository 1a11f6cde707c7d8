package history

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// One data directory, one Redis: two servers with different records must not fill and read the same keys. The
// directory's id stands under ownerKey while its server lives.
const (
	ownerKey     = "verbatim:owner"
	trialKey     = "verbatim:trial"
	ownerTTL     = 10 * time.Second
	ownerRefresh = 3 * time.Second
	ownerRetry   = time.Second // while Redis is away or fails
	ownerTimeout = time.Second
)

// claimScript gives the owner after it has put ours where there was none (or something that is no id). A full Redis refuses
// the SET and still says who the owner is, so its error is passed over.
const claimScript = `
local owner = redis.pcall('GET', KEYS[1])
if type(owner) == 'string' and owner ~= ARGV[1] then return owner end
redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]`

const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

// claim asks whose this Redis is. Where it is ours, it is so for the next ownerTTL.
func (r *Redis) claim(ctx context.Context) (owner string, err error) {
	ctx, cancel := context.WithTimeout(ctx, ownerTimeout)
	defer cancel()
	asked := time.Since(r.start)
	owner, err = r.client.Eval(ctx, claimScript, []string{ownerKey}, r.dataID, ownerTTL.Milliseconds()).Text()
	if err == nil && owner == r.dataID {
		r.ours.Store(int64(asked + ownerTTL))
	}
	return owner, err
}

// mine says whether this Redis may be read and written: its owner was asked of late, and it is us.
func (r *Redis) mine() bool {
	return !r.abandoned.Load() && !r.closed.Load() && int64(time.Since(r.start)) < r.ours.Load()
}

// keep refreshes the ownership, and gives breakers that are open something to try, so that no reader has to. It waits
// for its timer and for single calls with a timeout, and ends with ctx or when the Redis was found to be another's.
func (r *Redis) keep(ctx context.Context, away bool) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(r.pause(away))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		owner, err := r.claim(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if !away {
				r.log.Warn().Err(err).Msg("redis: away: recent messages are read from the record")
			}
			away = true
			continue
		case owner != r.dataID:
			r.abandon(owner)
			return
		case away:
			r.log.Info().Msg("redis: back")
			r.vouched.clear() // it may have come back with what it had at another time
			away = false
		}
		r.try(ctx)
	}
}

func (r *Redis) pause(away bool) time.Duration {
	if away || !r.reads.breaker.IsClosed() || !r.appends.breaker.IsClosed() {
		return ownerRetry
	}
	return ownerRefresh
}

// try gives each breaker that waits for a trial the smallest call of its kind.
func (r *Redis) try(ctx context.Context) {
	if !r.reads.breaker.IsClosed() {
		_ = r.reads.do(ctx, readTimeout, func(ctx context.Context) error { return r.client.Get(ctx, ownerKey).Err() })
	}
	if !r.appends.breaker.IsClosed() {
		_ = r.appends.do(ctx, appendTimeout, func(ctx context.Context) error {
			return r.client.Set(ctx, trialKey, 1, ownerTTL).Err()
		})
	}
}

func (r *Redis) abandon(owner string) {
	r.abandoned.Store(true)
	r.log.Error().Str("owner", owner).Msg("redis: another server (data directory " + owner + ") uses this Redis: " +
		"it is left alone until a restart; give one of them another database")
}

// release takes our id away, so that another server can have this Redis at once.
func (r *Redis) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ownerTimeout)
	defer cancel()
	if err := r.client.Eval(ctx, releaseScript, []string{ownerKey}, r.dataID).Err(); err != nil {
		return fmt.Errorf("redis: release the ownership: %w", err)
	}
	return nil
}

// look finds out, once at the start, whether there is a Redis of that kind, and whose it is. A refusal is for what the
// same URL can never reach; a Redis that is away or in trouble is none (docs/protocol, promise 8).
func (r *Redis) look(ctx context.Context, kind kind) (away, refused error) {
	ctx, cancel := context.WithTimeout(ctx, ownerTimeout)
	defer cancel()
	mode, err := r.mode(ctx)
	if err == nil && mode != "" {
		if want := wanted[mode]; want != "" && want != kind && !(mode == "standalone" && kind == sentinel) {
			return nil, fmt.Errorf("redis: this is a %s: its URL begins with %s", mode, want)
		}
	}
	owner := ""
	if err == nil || redis.HasErrorPrefix(err, "ERR") { // a Redis before 6 has no HELLO
		owner, err = r.claim(ctx)
	}
	switch {
	case err != nil:
		return err, explain(err, kind)
	case owner != r.dataID:
		return nil, fmt.Errorf("redis: another server (data directory %s) uses this Redis: give one of them another database", owner)
	}
	return nil, nil
}

// wanted is the URL for each mode that HELLO names.
var wanted = map[string]kind{"standalone": standalone, "cluster": cluster, "sentinel": sentinel}

// mode asks the server what it is. A cluster's client that reached a server has found a cluster.
func (r *Redis) mode(ctx context.Context) (string, error) {
	if _, is := r.client.(*redis.ClusterClient); is {
		return "", r.client.Ping(ctx).Err()
	}
	hello, err := r.client.Do(ctx, "HELLO").Result()
	if err != nil {
		return "", err
	}
	if fields, is := hello.(map[any]any); is {
		mode, _ := fields["mode"].(string)
		return mode, nil
	}
	return "", nil
}

// explain finds the answers that mean a wrong URL rather than a Redis in trouble.
func explain(err error, kind kind) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "cluster support disabled"):
		return fmt.Errorf("redis: this is no cluster: its URL begins with %s", standalone)
	case strings.HasPrefix(text, "MOVED"):
		return fmt.Errorf("redis: this is a cluster: its URL begins with %s", cluster)
	case strings.Contains(text, "DB index is out of range"), strings.Contains(text, "SELECT is not allowed"):
		return fmt.Errorf("redis: it has no such database (%s): give the URL another number", text)
	case kind == sentinel && strings.Contains(text, "unknown command"):
		return fmt.Errorf("redis: these are no Sentinels: give their addresses, or a URL that begins with %s", standalone)
	case kind == sentinel && strings.Contains(text, redis.Nil.Error()):
		return fmt.Errorf("redis: the Sentinels know no such master: check master_name")
	}
	return nil
}
