//gate:story real Redis, killed, stopped and full

package history_test

import (
	"context"
	"errors"
	"testing"

	"verbatim/persistence"
	"verbatim/persistence/history"
	"verbatim/persistence/historytest"
	"verbatim/protocol"
)

// hammer reads and appends for a while against a Redis in trouble. It returns how many reads asked Redis and
// failed: the rest were refused at once, or answered.
func (c *cache) hammer(from protocol.Seq, reads int) (asked int) {
	c.t.Helper()
	for i := range protocol.Seq(reads) {
		c.append(from+i%20, from+i%20)
		if _, err := c.read(1, from); err != nil {
			asked++
		}
	}
	return asked
}

// refused waits until a read is refused at once.
func (c *cache) refused(from protocol.Seq) {
	c.t.Helper()
	until(c.t, "reads are refused at once", func() bool { return c.hammer(from, 1) == 0 })
}

func TestAHungRedisCostsAFewTimeoutsAndThenNothing(t *testing.T) {
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.put(1, 5)
	s.stop()
	if asked := c.hammer(6, 3); asked != 3 {
		t.Errorf("%d of the first 3 reads waited for the time limit, want all", asked)
	}
	if got := c.Stats().Breaker; got == "closed" {
		t.Error("the breaker is closed while Redis hangs")
	}
	// How long a call may take, and how often one is tried, is TestAGuard…'s: there the time is a bubble's.
	c.refused(9)
	until(t, "a trial has failed", func() bool { return c.hammer(9, 100) > 0 })
	c.refused(9)
	s.cont()
	until(t, "the breaker has closed by itself", func() bool { return c.Stats().Breaker == "closed" })
	c.refilled(1, 30)
	if n := c.log.count("reads fail"); n != 1 {
		t.Errorf("the log says %d times that reads fail, want once:\n%s", n, c.log)
	}
	if n := c.log.count("reads work again"); n != 1 {
		t.Errorf("the log says %d times that reads work again, want once:\n%s", n, c.log)
	}
}

func TestAHungRedisDoesNotHoldUpClose(t *testing.T) {
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.put(1, 5)
	s.stop()
	c.append(6, 9)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Close(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("Close returned %v, want that it was not given the time", err)
	}
}

func TestAnAppendToAHungRedisOnlyQueues(t *testing.T) {
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	s.stop()
	defer s.cont()
	// One that waited for Redis would leave nothing in the queue when it returns.
	until(t, "an append has left an entry in the queue", func() bool { c.append(1, 1); return c.Stats().Queued > 0 })
}

func TestAKilledRedisComesBackEmpty(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.put(1, 50)
	s.kill()
	c.hammer(51, 200)
	if last, _ := c.read(1, 50); last != 0 {
		t.Fatalf("a dead Redis gave up to %d", last)
	}
	until(t, "what was queued for it is dropped", func() bool {
		got := c.Stats()
		return got.Dropped > 0 && got.Queued == 0
	})
	s.start()
	until(t, "the breaker has closed by itself", func() bool { return c.Stats().Breaker == "closed" })
	c.refilled(1, 70)
	until(t, "the ownership is there again", func() bool {
		return s.Get(t.Context(), "verbatim:owner").Val() == dataID
	})
}

func TestARestartBetweenTwoReadsIsNotNoticed(t *testing.T) {
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.put(1, 5)
	s.kill()
	s.start()
	c.append(1, 5)
	c.wantAll(1, 5)
	if got := c.Stats(); got.Breaker != "closed" || got.Dropped != 0 {
		t.Errorf("stats are %+v: want a closed breaker and nothing dropped", got)
	}
}

func TestAFullRedisIsReadAndNotWritten(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.put(1, 20)
	s.ConfigSet(t.Context(), "maxmemory", "1")
	seq := protocol.Seq(20)
	until(t, "the breaker of the appends is open", func() bool {
		seq++
		c.append(seq, seq)
		return c.Stats().Breaker != "closed"
	})
	c.wantAll(1, 20) // a full Redis can be read
	if n := c.log.count("appends fail"); n != 1 {
		t.Errorf("the log says %d times that appends fail, want once:\n%s", n, c.log)
	}
	until(t, "what was queued before that is gone", func() bool { return c.Stats().Queued == 0 })
	dropped := c.Stats().Dropped
	c.append(21, 21)
	if got := c.Stats(); got.Dropped != dropped+1 || got.Queued != 0 {
		t.Errorf("with an open breaker an append was queued: stats are %+v", got)
	}
	s.ConfigSet(t.Context(), "maxmemory", "0")
	until(t, "the breaker has closed by itself", func() bool { return c.Stats().Breaker == "closed" })
	c.refilled(1, 60)
}

func TestARedisThatIsFullAtTheStart(t *testing.T) {
	s := newServer(t, "--maxmemory", "1")
	c := openRedis(t, s.url(), history.Options{})
	if c.log.count("away") != 0 {
		t.Errorf("a full Redis is not away, and it is ours to read:\n%s", c.log)
	}
}

func TestAPasswordThatIsSetLaterIsAnOutage(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.put(1, 20)
	s.ConfigSet(t.Context(), "requirepass", "secret")
	s.ClientKillByFilter(t.Context(), "TYPE", "normal", "SKIPME", "yes")
	until(t, "the breaker is open", func() bool { c.hammer(21, 1); return c.Stats().Breaker == "open" })
	if last, _ := c.read(1, 20); last != 0 {
		t.Errorf("read up to %d without the password", last)
	}
	s.ConfigSet(t.Context(), "requirepass", "")
	until(t, "the breaker has closed by itself", func() bool { return c.Stats().Breaker == "closed" })
	c.refilled(1, 60)
}

func TestARedisWithAPasswordAtTheStart(t *testing.T) {
	s := newServer(t, "--requirepass", "secret")
	c := openRedis(t, s.url(), history.Options{}) // no refused start: it is another's fault perhaps, and may pass
	if c.log.count("starting without it") != 1 {
		t.Errorf("the log does not say that Redis is away:\n%s", c.log)
	}
	c.append(1, 3)
	if last, _ := c.read(1, 3); last != 0 {
		t.Errorf("read up to %d", last)
	}
	c = openRedis(t, "redis://:secret@"+s.addr(), history.Options{})
	c.put(1, 3)
}

func TestAFullQueueDropsAndCounts(t *testing.T) {
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.put(1, 5)
	var parts []*persistence.Entries // made before, so that they come before the breaker opens
	for seq := protocol.Seq(1); seq < 200_000; seq += 1000 {
		parts = append(parts, historytest.Entries(lobby, seq, seq+999))
	}
	s.stop()
	defer s.cont()
	for _, entries := range parts {
		c.Append(lobby, log1, entries)
		got := c.Stats()
		if got.QueuedBytes > 16<<20 {
			t.Fatalf("%d bytes are queued, want at most 16 MB", got.QueuedBytes)
		}
		if got.Dropped > 0 {
			break
		}
	}
	if c.Stats().Dropped == 0 {
		t.Fatal("200,000 entries were queued for a hung Redis and none dropped")
	}
}

func TestARedisThatIsAwayAtTheStart(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.kill()
	c := openRedis(t, s.url(), history.Options{})
	c.hammer(1, 50)
	s.start()
	c.refilled(1, 20)
	if c.log.count("starting without it") != 1 || c.log.count("redis: back") != 1 {
		t.Errorf("the log should say once that Redis is away, and once that it is back:\n%s", c.log)
	}
}

func TestARedisThatHangsAtTheStart(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.stop()
	c := openRedis(t, s.url(), history.Options{})
	c.hammer(1, 50)
	s.cont()
	c.refilled(1, 20)
}
