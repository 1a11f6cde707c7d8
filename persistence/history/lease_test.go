//gate:story real Redis

package history_test

import (
	"strings"
	"testing"
	"time"

	"verbatim/persistence/history"
)

func TestAForeignOwnerRefusesTheStart(t *testing.T) {
	s := newServer(t)
	s.Set(t.Context(), "verbatim:owner", "data-two", time.Minute)
	_, err := history.OpenRedis(t.Context(), s.url(), dataID, history.Options{})
	want := "another server (data directory data-two) uses this Redis: give one of them another database"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	if got := s.Get(t.Context(), "verbatim:owner").Val(); got != "data-two" {
		t.Errorf("the owner is %q now", got)
	}
}

func TestTwoServersWithOneRedis(t *testing.T) {
	s := newServer(t)
	one := openRedis(t, s.url(), history.Options{})
	if _, err := history.OpenRedis(t.Context(), s.url(), "data-two", history.Options{}); err == nil {
		t.Error("the second server was not refused")
	}
	two, err := history.OpenRedis(t.Context(), strings.TrimSuffix(s.url(), "0")+"1", "data-two", history.Options{})
	if err != nil {
		t.Errorf("another database of the same Redis: %v", err)
	} else {
		two.Close(t.Context())
	}
	again := openRedis(t, s.url(), history.Options{}) // the same data directory, after a crash
	again.put(1, 3)
	one.Close(t.Context())
}

func TestTheOwnershipIsRefreshedAndGivenBack(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	ttl := func() time.Duration { return s.PTTL(t.Context(), "verbatim:owner").Val() }
	least := ttl()
	if least <= 0 || least > 10*time.Second {
		t.Errorf("the ownership expires in %v, want 10s", least)
	}
	until(t, "it was refreshed when some of its time had passed", func() bool {
		now := ttl()
		least = min(least, now)
		return now > least+time.Second
	})
	if err := c.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
	if n := s.Exists(t.Context(), "verbatim:owner").Val(); n != 0 {
		t.Error("it was not given back")
	}
}

func TestAnOwnerOfTheWrongTypeIsNobody(t *testing.T) {
	s := newServer(t)
	s.LPush(t.Context(), "verbatim:owner", "x")
	c := openRedis(t, s.url(), history.Options{})
	c.put(1, 3)
	if got := s.Get(t.Context(), "verbatim:owner").Val(); got != dataID {
		t.Errorf("the owner is %q", got)
	}
}

func TestAForeignOwnerFoundLaterIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	c.put(1, 9)
	s.Set(t.Context(), "verbatim:owner", "data-two", time.Minute)
	until(t, "it is found", func() bool { return c.Stats().Abandoned })
	if last, _ := c.read(1, 9); last != 0 {
		t.Errorf("read up to %d from another's Redis", last)
	}
	dropped := c.Stats().Dropped
	c.append(10, 12)
	if got := c.Stats().Dropped - dropped; got != 3 {
		t.Errorf("%d entries were dropped, want 3", got)
	}
	s.Del(t.Context(), "verbatim:owner") // it is too late: two servers have written here
	if err := c.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
	if n := s.ZCard(t.Context(), keyOf()).Val(); n != 9 {
		t.Errorf("there are %d entries, want the 9 from before", n)
	}
	if n := c.log.count(`"level":"error"`); n != 1 {
		t.Errorf("the log has %d errors, want one:\n%s", n, c.log)
	}
}

func TestAnotherOwnerAfterAnOutageIsFoundBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := openRedis(t, s.url(), history.Options{})
	s.kill()
	until(t, "our ownership has expired", func() bool { c.append(1, 1); return c.log.count("redis: away") == 1 })
	s.start()
	s.Set(t.Context(), "verbatim:owner", "data-two", time.Minute)
	until(t, "it is found", func() bool { c.append(1, 1); return c.Stats().Abandoned })
	c.shut()
	if got := s.Get(t.Context(), "verbatim:owner").Val(); got != "data-two" {
		t.Errorf("the owner is %q now", got)
	}
}
