package e2e

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

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
			if c.Type(context.Background(), key).Val() == "zset" && c.ZCard(context.Background(), key).Val() == 100 &&
				ttl > 50*time.Minute && ttl <= time.Hour {
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
	args := append([]string{"serve", "--listen", s.addr, "--data-dir", s.data}, s.flags...)
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
