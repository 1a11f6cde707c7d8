//gate:story real Redis behind a network that is spoiled

package history_test

import (
	"testing"

	"verbatim/persistence/history"
	"verbatim/testparts/toxiproxy"
)

// between puts a proxy in front of the server whose network can be spoiled.
func between(t *testing.T, s *server) *toxiproxy.Proxy {
	t.Helper()
	p, err := toxiproxy.Start(s.addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

func spoil(t *testing.T, p *toxiproxy.Proxy, toxic string) {
	t.Helper()
	if err := p.Spoil(toxic); err != nil {
		t.Fatalf("%s: %v", toxic, err)
	}
}

func heal(t *testing.T, p *toxiproxy.Proxy) {
	t.Helper()
	if err := p.Heal(); err != nil {
		t.Fatal(err)
	}
}

func TestASlowNetworkCostsTheTimeoutAndThenNothing(t *testing.T) {
	p := between(t, newServer(t))
	c := openRedis(t, "redis://"+p.Listen, history.Options{})
	c.put(1, 20)
	spoil(t, p, `{"name":"slow","type":"latency","attributes":{"latency":400}}`)
	until(t, "the breaker is open", func() bool { c.hammer(21, 1); return c.Stats().Breaker == "open" })
	c.refused(100)
	heal(t, p)
	until(t, "the breaker has closed by itself", func() bool { return c.Stats().Breaker == "closed" })
	c.refilled(1, 60)
}

func TestAFastEnoughNetworkIsUsed(t *testing.T) {
	p := between(t, newServer(t))
	c := openRedis(t, "redis://"+p.Listen, history.Options{})
	spoil(t, p, `{"name":"slow","type":"latency","attributes":{"latency":20}}`)
	c.append(1, 200)
	c.wantAll(1, 200)
	if got := c.Stats(); got.Breaker != "closed" || got.Dropped != 0 {
		t.Errorf("stats are %+v", got)
	}
}

func TestResetConnectionsAreTriedAgain(t *testing.T) {
	t.Parallel()
	p := between(t, newServer(t))
	c := openRedis(t, "redis://"+p.Listen, history.Options{})
	c.put(1, 20)
	spoil(t, p, `{"name":"reset","type":"reset_peer","attributes":{"timeout":0}}`)
	until(t, "the breaker is open", func() bool { c.hammer(21, 1); return c.Stats().Breaker == "open" })
	heal(t, p)
	until(t, "the breaker has closed by itself", func() bool { return c.Stats().Breaker == "closed" })
	c.refilled(1, 60)
}

// TestHalfAnAnswerIsNoEntry cuts the connection in the middle of what Redis says.
func TestHalfAnAnswerIsNoEntry(t *testing.T) {
	t.Parallel()
	p := between(t, newServer(t))
	c := openRedis(t, "redis://"+p.Listen, history.Options{})
	c.put(1, 200)
	for _, bytes := range []string{"10", "100", "1000", "3000"} {
		spoil(t, p, `{"name":"cut","type":"limit_data","attributes":{"bytes":`+bytes+`}}`)
		for range 10 {
			c.read(1, 200) // which checks every byte
		}
		heal(t, p)
	}
	until(t, "the breaker has closed by itself", func() bool { return c.Stats().Breaker == "closed" })
	c.refilled(1, 200)
}
