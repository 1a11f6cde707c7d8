package history_test

import (
	"testing"
	"time"

	"verbatim/persistence"
	"verbatim/persistence/history"
	"verbatim/persistence/historytest"
	"verbatim/protocol"
)

// What reads and appends may take at the very most, with room for a machine that is busy. A read that waited for Redis
// without its own time limit would take go-redis' 3 s; an append that waited at all, its 1 s.
const (
	readBound   = 2 * time.Second
	appendBound = 700 * time.Millisecond
	slowRead    = 200 * time.Millisecond // below the time limit of a read: only one that ran into it is slower
)

// hammer reads and appends for a while against a Redis in trouble, and holds each to its bound. It gives back how many
// reads were slow.
func (c *cache) hammer(from protocol.Seq, reads int) (slow int) {
	c.t.Helper()
	for i := range protocol.Seq(reads) {
		c.append(from+i%20, from+i%20)
		_, took := c.read(1, from)
		if took > readBound {
			c.t.Errorf("a read took %v, want at most %v", took, readBound)
		}
		if took > slowRead {
			slow++
		}
	}
	return slow
}

func TestAHungRedisCostsAFewTimeoutsAndThenNothing(t *testing.T) {
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.append(1, 5)
	c.wantAll(1, 5)
	s.stop()
	if slow := c.hammer(6, 3); slow != 3 {
		t.Errorf("%d of the first 3 reads waited for the timeout, want all", slow)
	}
	// The breaker is open for a second now, and lets one trial through in each after it.
	start := time.Now()
	slow := c.hammer(9, 20_000)
	until(t, "some trials have failed", func() bool { slow += c.hammer(9, 100); return time.Since(start) > 2500*time.Millisecond })
	if most := int(time.Since(start)/time.Second) + 2; slow > most {
		t.Errorf("%d reads were slow in %v, want at most %d", slow, time.Since(start), most)
	}
	if got := c.Stats().Breaker; got == "closed" {
		t.Error("the breaker is closed while Redis hangs")
	}
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
	c.append(1, 5)
	c.wantAll(1, 5)
	s.stop()
	c.append(6, 9)
	start := time.Now()
	c.shut() // which gives it 100 ms
	if took := time.Since(start); took > time.Second {
		t.Errorf("Close took %v, want about 100 ms", took)
	}
}

func TestAKilledRedisComesBackEmpty(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.append(1, 50)
	c.wantAll(1, 50)
	s.kill()
	c.hammer(51, 200)
	if last, _ := c.read(1, 50); last != 0 {
		t.Fatalf("a dead Redis gave up to %d", last)
	}
	until(t, "what was queued for it is dropped", func() bool { got := c.Stats(); return got.Dropped > 0 && got.Queued == 0 })
	s.start()
	until(t, "the breaker has closed by itself", func() bool { return c.Stats().Breaker == "closed" })
	c.refilled(1, 70)
	until(t, "the ownership is there again", func() bool { return s.Get(t.Context(), "verbatim:owner").Val() == dataID })
}

func TestARestartBetweenTwoReadsIsNotNoticed(t *testing.T) {
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.append(1, 5)
	c.wantAll(1, 5)
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
	c.append(1, 20)
	c.wantAll(1, 20)
	s.ConfigSet(t.Context(), "maxmemory", "1")
	for seq := protocol.Seq(21); c.Stats().Breaker == "closed"; seq++ {
		c.append(seq, seq)
		time.Sleep(time.Millisecond) // so that the appends are not one pipeline
	}
	if last, _ := c.read(1, 20); last != 20 {
		t.Errorf("a full Redis gave up to %d, want 20: it can be read", last)
	}
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
	c.append(1, 20)
	c.wantAll(1, 20)
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
	if last, took := c.read(1, 3); last != 0 || took > readBound {
		t.Errorf("read up to %d in %v", last, took)
	}
	c = openRedis(t, "redis://:secret@"+s.addr(), history.Options{})
	c.append(1, 3)
	c.wantAll(1, 3)
}

func TestAFullQueueDropsAndCounts(t *testing.T) {
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.append(1, 5)
	c.wantAll(1, 5)
	var batches []*persistence.Batch // made before the clock of the append's timeout runs
	for seq := protocol.Seq(1); seq < 200_000; seq += 1000 {
		batches = append(batches, historytest.Entries(lobby, seq, seq+999))
	}
	s.stop()
	defer s.cont()
	for _, batch := range batches {
		c.Append(lobby, log1, batch)
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
	if got := c.Stats(); got.Breaker != "closed" || got.QueuedBytes < 15<<20 {
		t.Errorf("stats are %+v: the queue should have been full before the breaker opened", got)
	}
}

func TestARedisThatIsAwayAtTheStart(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.kill()
	start := time.Now()
	c := openRedis(t, s.url(), history.Options{})
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("the start took %v", took)
	}
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
	start := time.Now()
	c := openRedis(t, s.url(), history.Options{})
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("the start took %v", took)
	}
	c.hammer(1, 50)
	s.cont()
	c.refilled(1, 20)
}
