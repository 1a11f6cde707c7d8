//gate:story real Redis

package history_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"verbatim/persistence"
	"verbatim/persistence/history"
	"verbatim/persistence/historytest"
	"verbatim/protocol"
)

func TestRedis(t *testing.T) {
	s := newServer(t)
	historytest.Run(t, func(t *testing.T, size int, ttl time.Duration) persistence.History {
		s.FlushAll(t.Context())
		return openRedis(t, s.url(), history.Options{Size: size, TTL: ttl}).Redis
	})
}

func TestRedisOutlivesTheServer(t *testing.T) {
	s := newServer(t)
	until(t, "a server has put all into Redis", func() bool {
		c := openRedis(t, s.url(), history.Options{})
		for seq := protocol.Seq(1); seq <= 700; seq++ {
			c.append(seq, seq)
		}
		if err := c.Close(t.Context()); err != nil { // and Close flushes
			t.Fatalf("close: %v", err)
		}
		return c.Stats().Dropped == 0 // see put
	})
	if n := s.Exists(t.Context(), "verbatim:owner").Val(); n != 0 {
		t.Error("Close has left the ownership")
	}
	c := openRedis(t, s.url(), history.Options{})
	c.wantAll(1, 700)
	if ttl := s.PTTL(t.Context(), keyOf()).Val(); ttl < 23*time.Hour || ttl > 24*time.Hour {
		t.Errorf("the entries expire in %v, want 24h", ttl)
	}
}

func TestRedisRefreshesTheTTLAndTrims(t *testing.T) {
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{Size: 100})
	c.put(1, 1)
	s.Expire(t.Context(), keyOf(), time.Minute)
	for seq := protocol.Seq(2); seq <= 1000; seq++ {
		c.append(seq, seq)
	}
	c.wantAll(901, 1000)
	if ttl := s.PTTL(t.Context(), keyOf()).Val(); ttl < 23*time.Hour {
		t.Errorf("the entries expire in %v after an append, want 24h", ttl)
	}
	if n := s.ZCard(t.Context(), keyOf()).Val(); n > 100+256+25 {
		t.Errorf("%d entries are kept of 100", n)
	}
}

func TestRedisReadsByPages(t *testing.T) {
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{Size: 5000})
	c.put(1, 3000)
	one := len(historytest.Entries(lobby, 1000, 1000).Frames)
	for _, entries := range []int{1, 2, 63, 64, 65, 128, 700, 1500} {
		var got *persistence.Entries
		until(t, "Redis answers in time", func() bool {
			got, _ = c.Range(t.Context(), lobby, log1, 1000, 3000, entries*one)
			return got != nil
		})
		if got.Len() != entries {
			t.Errorf("a page of %d entries' bytes: got %d", entries, got.Len())
			continue
		}
		if err := historytest.Check(got, lobby, 1000, 3000); err != nil {
			t.Error(err)
		}
	}
}

// TestRedisServesNothingThatIsNotOurs puts what others may have written where ours is expected: each time the reader
// gets nothing, and the key is well again after what was read from the record was appended.
func TestRedisServesNothingThatIsNotOurs(t *testing.T) {
	entry := func(seq protocol.Seq) string { return string(historytest.Entries(lobby, seq, seq).Wire(seq)) }
	other := string(historytest.Entries("kitchen", 3, 3).Wire(3))
	swap := func(member string) func(context.Context, *server) {
		return func(ctx context.Context, s *server) {
			s.ZRemRangeByScore(ctx, keyOf(), "3", "3")
			s.ZAdd(ctx, keyOf(), redis.Z{Score: 3, Member: member})
		}
	}
	for name, spoil := range map[string]func(context.Context, *server){
		"WrongType": func(ctx context.Context, s *server) { s.Set(ctx, keyOf(), "hello", 0) },
		"WrongTypeList": func(ctx context.Context, s *server) {
			s.Del(ctx, keyOf())
			s.LPush(ctx, keyOf(), entry(3))
		},
		"NoJSON":              swap("hello"),
		"Empty":               swap(""),
		"AnotherSeq":          swap(entry(4) + " "),
		"AnotherConversation": swap(other),
		"TornEntry":           swap(entry(3)[:len(entry(3))-5]),
		"BrokenInside":        swap(entry(3)[:len(entry(3))-5] + "}"),
		"TwoLines":            swap(entry(3)[:len(entry(3))-1] + "\n}"),
		"TwoObjects":          swap(entry(3) + "{}"),
		"SeqWithAFraction":    swap(`{"type":"message","conversation":"lobby","seq":3.5,"from":"ann"}`),
		"TwiceTheSeq": func(ctx context.Context, s *server) {
			s.ZAdd(ctx, keyOf(), redis.Z{Score: 3, Member: entry(3)[:len(entry(3))-1] + `,"more":1}`})
		},
		"FractionalScore": func(ctx context.Context, s *server) {
			s.ZAdd(ctx, keyOf(), redis.Z{Score: 3.5, Member: entry(3)[:len(entry(3))-1] + `,"more":1}`})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			c := openRedis(t, s.url(), history.Options{})
			c.put(1, 6)
			spoil(t.Context(), s)
			until(t, "a reader has found it", func() bool {
				got, err := c.Range(t.Context(), lobby, log1, 1, 6, page)
				if got != nil {
					t.Fatalf("got %s, want nothing", span(got))
				}
				return err != nil && strings.Contains(err.Error(), "removed")
			})
			until(t, "the key is removed", func() bool { return s.Exists(t.Context(), keyOf()).Val() == 0 })
			c.put(1, 6)
		})
	}
}

func TestAnAppendHealsAKeyOfTheWrongType(t *testing.T) {
	s := newServer(t)
	s.Set(t.Context(), keyOf(), "hello", 0)
	c := openRedis(t, s.url(), history.Options{})
	c.append(1, 600)
	until(t, "the entries have arrived", func() bool { return c.Stats().Appended == 600 })
	c.wantAll(1, 600)
	if state := c.Stats(); state.Breaker != "closed" || state.Dropped != 0 {
		t.Errorf("stats are %+v: want a closed breaker and nothing dropped", state)
	}
}

func TestRedisServesNothingOfAnotherLog(t *testing.T) {
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.put(1, 50)
	for seq := protocol.Seq(1); seq <= 50; seq++ {
		until(t, "Redis answers in time", func() bool {
			got, err := c.Range(t.Context(), lobby, log2, seq, 50, page)
			if got != nil {
				t.Fatalf("seq %d of another log: %s", seq, span(got))
			}
			return err == nil
		})
	}
}

func TestAGapInRedisIsFilledAgain(t *testing.T) {
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.put(1, 9)
	s.ZRemRangeByScore(t.Context(), keyOf(), "4", "5")
	until(t, "one can read up to the gap", func() bool {
		last, _ := c.read(1, 9)
		if last > 3 {
			t.Fatalf("read up to %d across a gap, want 3", last)
		}
		return last == 3
	})
	if last, _ := c.read(4, 9); last != 0 {
		t.Errorf("read up to %d from within a gap, want nothing", last)
	}
	c.append(3, 6)
	c.wantAll(1, 9)
}

func TestAClosedContextIsNoFailureOfRedis(t *testing.T) {
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.put(1, 9)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		if got, err := c.Range(gone, lobby, log1, 1, 9, page); got != nil || err != nil {
			t.Fatalf("a reader that is gone got %s, %v", span(got), err)
		}
	}
	if state := c.Stats().Breaker; state != "closed" {
		t.Errorf("the breaker is %s after readers went away, want closed", state)
	}
}

func TestStatsCountWhatWasAppended(t *testing.T) {
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.append(1, 40)
	c.append(41, 60)
	until(t, "60 entries have arrived", func() bool { return c.Stats().Appended == 60 })
	if got := c.Stats(); got.Queued != 0 || got.QueuedBytes != 0 || got.Conversations != 1 || got.Dropped != 0 {
		t.Errorf("stats are %+v", got)
	}
}

func BenchmarkRedisAppend(b *testing.B) {
	for _, size := range []protocol.Seq{1, 32} {
		b.Run(fmt.Sprint("entries=", size), func(b *testing.B) { benchmarkAppend(b, size) })
	}
}
