package history

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"verbatim/persistence/historytest"
	"verbatim/protocol"
)

// countedRedis answers each pipeline itself and counts it: nothing reaches a network.
type countedRedis struct{ pipelines, commands int }

func (c *countedRedis) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *countedRedis) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(context.Context, redis.Cmder) error { return nil }
}

func (c *countedRedis) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(_ context.Context, commands []redis.Cmder) error {
		c.pipelines++
		for _, cmd := range commands {
			if cmd.Name() == "zadd" {
				c.commands++
			}
		}
		return nil
	}
}

// Redis and the server share a machine, often: what comes within some milliseconds is one command and one wake-up.
func TestEntriesOfABusyConversationShareACommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		count := &countedRedis{}
		client := redis.NewClient(&redis.Options{})
		client.AddHook(count)
		defer client.Close()
		r := newRedis(client, "data", Options{Log: zerolog.Nop()}.withDefaults())
		r.lease.until.Store(int64(time.Hour))
		r.appending.Go(func() { r.appender.run(t.Context()) }) // ends once its queue is closed and empty
		for seq := protocol.Seq(1); seq <= 100; seq++ {
			r.Append("lobby", "1", historytest.Entries("lobby", seq, seq))
			time.Sleep(2 * time.Millisecond)
		}
		r.queue.close()
		r.appending.Wait()
		// In 200 ms: one at once, one each 50 ms, and what is left at the end.
		if got := r.Stats(); got.Appended != 100 || count.pipelines > 6 || count.commands != count.pipelines {
			t.Errorf("%d entries were %d commands in %d round trips, want 100 in 6 at most",
				got.Appended, count.commands, count.pipelines)
		}
	})
}
