package e2e

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisFaults are what may befall Redis in the middle of traffic. Each does its harm, waits for traffic in the midst of
// it, and may leave the harm in place.
var redisFaults = []struct {
	what string
	harm func(t *testing.T, r *redisServer, st *storm)
}{
	{"is killed, and comes back empty", func(t *testing.T, r *redisServer, st *storm) {
		r.kill()
		st.moreAcks(300)
		r.start()
	}},
	{"hangs, and goes on", func(t *testing.T, r *redisServer, st *storm) {
		r.signal(syscall.SIGSTOP)
		st.moreAcks(300)
		r.signal(syscall.SIGCONT)
	}},
	{"hangs for good", func(t *testing.T, r *redisServer, st *storm) {
		r.signal(syscall.SIGSTOP)
		st.moreAcks(300)
	}},
	{"is flushed", func(t *testing.T, r *redisServer, st *storm) {
		do(t, r.client().FlushAll(context.Background()))
	}},
	{"holds other types under our keys", func(t *testing.T, r *redisServer, st *storm) {
		for range 5 {
			for _, key := range keys(t, r) {
				do(t, r.client().Set(context.Background(), key, "not yours", 0))
			}
			st.moreAcks(50)
		}
	}},
	{"holds nonsense in our own types", func(t *testing.T, r *redisServer, st *storm) {
		c := r.client()
		for _, key := range keys(t, r) {
			if c.Type(context.Background(), key).Val() == "zset" {
				do(t, c.ZAdd(context.Background(), key, redis.Z{Score: 3, Member: `{"type":"message","seq":3}`}, redis.Z{Score: 1.5, Member: "x"}))
			}
		}
	}},
	{"is out of memory", func(t *testing.T, r *redisServer, st *storm) {
		do(t, r.client().ConfigSet(context.Background(), "maxmemory", "1"))
	}},
	{"asks for a password of a sudden", func(t *testing.T, r *redisServer, st *storm) {
		c := r.client()
		do(t, c.ConfigSet(context.Background(), "requirepass", "secret"))
		r.kill() // the connections that are open would stay allowed
		r.start("--requirepass", "secret")
	}},
}

type commandResult interface{ Err() error }

func do(t *testing.T, result commandResult) {
	t.Helper()
	if err := result.Err(); err != nil {
		t.Fatalf("redis: %v", err)
	}
}

// keys are all that the server keeps in Redis; it must keep something, or the faults spoil nothing.
func keys(t *testing.T, r *redisServer) (all []string) {
	t.Helper()
	c := r.client()
	eventually(t, "the server keeps something in Redis", func() bool {
		all = c.Keys(context.Background(), "*").Val()
		return len(all) > 0
	})
	return all
}

// Promise 8: whatever becomes of Redis, nobody gets an error, no socket waits for it, and all is there.
func TestNobodyNoticesWhenRedis(t *testing.T) {
	t.Parallel()
	for _, fault := range redisFaults {
		t.Run(fault.what, func(t *testing.T) {
			t.Parallel()
			r := startRedis(t)
			s := serve(t, "--redis", r.url(), "--history-size", "50")
			st := startStorm(t, s, true)
			st.moreAcks(300)
			keys(t, r)
			before := st.slowestWindow()
			fault.harm(t, r, st)
			st.moreAcks(300)
			st.stop()
			// A window that waited for Redis's timeouts would take seconds; on a busy machine any does, so measure by those before.
			if slowest := st.slowestWindow(); slowest > 3*time.Second && slowest > 5*before {
				t.Errorf("a window of sends took %v, before the fault at most %v: it waited for Redis", slowest, before)
			}
			// And a drain, too, waits for nobody.
			if code := s.terminate(); code != 0 {
				t.Errorf("exit %d", code)
			}
		})
	}
}

func TestTheServerStartsAndServesWhereRedisIsNotThere(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	r.kill()
	s := serve(t, "--redis", r.url())
	ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
	bob.join("lobby")
	ann.sendMany("lobby", "a", 50)
	bob.messages("lobby", 1, 50)
	// It comes later, and is used without a restart.
	r.start()
	began := time.Now()
	for i := 0; len(r.client().Keys(context.Background(), "*").Val()) == 0; i++ {
		ann.send("lobby", fmt.Sprintf("later-%d", i), "hi")
		if time.Since(began) > patience {
			t.Fatal("Redis is there, and the server does not use it")
		}
	}
}

func TestRecentHistoryStandsInRedisWithAnExpiration(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	s := serve(t, "--redis", r.url(), "--history-ttl", "1h")
	s.dial(t, "ann").sendMany("lobby", "a", 100)
	c := r.client()
	eventually(t, "lobby's history is in Redis, and expires within the hour", func() bool {
		for _, key := range keys(t, r) {
			ttl := c.TTL(context.Background(), key).Val()
			if c.Type(context.Background(), key).Val() == "zset" && c.ZCard(context.Background(), key).Val() == 100 && ttl > 50*time.Minute && ttl <= time.Hour {
				return true
			}
		}
		return false
	})
}

func TestASecondRecordOnOneRedisIsRefused(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	s := serve(t, "--redis", r.url())
	s.dial(t, "ann").send("lobby", "", "hi")
	keys(t, r)
	refusedStart(t, nil, []string{"serve", "--listen", "127.0.0.1:0", "--redis", r.url()}, "redis")
}

func TestAWipedRecordBesideAFullRedisServesNothingOfTheOldOne(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	s := serve(t, "--redis", r.url())
	ann := s.dial(t, "ann")
	ann.sendMany("lobby", "old", 60)
	old := ann.join("lobby")
	keys(t, r)
	if code := s.terminate(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if err := os.RemoveAll(s.data); err != nil {
		t.Fatal(err)
	}
	// The old folder's claim on Redis lasts 10 s at the most, and a start is refused while it does.
	s.startOnceAllowed()
	ann = s.dial(t, "ann")
	ann.refused("reset", `{"type":"join","conversation":"lobby","after":50,"log":"%s"}`, old.Log)
	if j := ann.join("lobby"); j.Last != 0 || j.Log == old.Log {
		t.Errorf("got %s, want an empty conversation", j)
	}
	s.get(t, "/api/conversations/lobby/messages").refuses(t, 404, "not_found")
	if p := ann.history("lobby"); len(p.entries) != 0 {
		t.Errorf("history gives %d entries of the old record", len(p.entries))
	}
	ann.sendMany("lobby", "new", 3)
	for _, m := range ann.messages("lobby", 1, 3) {
		if m.Text[:3] != "new" {
			t.Errorf("got %s", m)
		}
	}
	bob := s.dial(t, "bob")
	bob.refused("reset", `{"type":"join","conversation":"lobby","after":2,"log":"%s"}`, old.Log)
	if j := bob.join("lobby", `"after":0`); j.Last != 3 || j.Log == old.Log {
		t.Errorf("got %s, want 3 entries of another log", j)
	}
	bob.messages("lobby", 1, 3)
	s.get(t, "/api/conversations/lobby/messages?after=0&log="+old.Log).refuses(t, 409, "reset")
}

// startOnceAllowed starts again as soon as it is not refused.
func (s *server) startOnceAllowed() {
	s.t.Helper()
	args := append([]string{"serve", "--listen", s.addr, "--data", s.data}, s.flags...)
	deadline := time.Now().Add(patience)
	for {
		probe := start(s.t, false, binary, args...)
		eventually(s.t, "it listens or is refused", func() bool {
			return !probe.running() || len(probe.output.String()) > 0 && s.answers()
		})
		if probe.running() {
			probe.signal(syscall.SIGTERM)
			probe.exit()
			s.start()
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("refused for more than %v: %s", patience, probe.output)
		}
		time.Sleep(200 * time.Millisecond) // between two tries
	}
}

func (s *server) answers() bool {
	resp, err := httpClient.Get("http://" + s.addr + "/healthz")
	if err == nil {
		resp.Body.Close()
	}
	return err == nil
}
