package toxiproxy_test

import (
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"verbatim/testparts/toxiproxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo is a server that says what it hears. It ends with the test.
func echo(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { // ends with the connection
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

// roundTrip says something over a new connection, hears it, and returns how long that took.
func roundTrip(p *toxiproxy.Proxy) (time.Duration, error) {
	began := time.Now()
	c, err := net.Dial("tcp", p.Listen)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if _, err := io.WriteString(c, "ping"); err != nil {
		return 0, err
	}
	_, err = io.ReadFull(c, make([]byte, 4))
	return time.Since(began), err
}

func TestANetworkIsSpoiledAndHeals(t *testing.T) {
	p, err := toxiproxy.Start(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	if _, err := roundTrip(p); err != nil {
		t.Fatal(err)
	}
	const delay = 300 * time.Millisecond
	if err := p.Spoil(`{"name":"slow","type":"latency","attributes":{"latency":300}}`); err != nil {
		t.Fatal(err)
	}
	if took, err := roundTrip(p); err != nil || took < delay {
		t.Errorf("it took %v (%v), want at least %v", took, err, delay)
	}
	if err := p.Spoil(`{"name":"cut","type":"limit_data","attributes":{"bytes":2}}`); err != nil {
		t.Fatal(err)
	}
	if _, err := roundTrip(p); err == nil {
		t.Error("four bytes passed where two were allowed")
	}
	if err := p.Heal(); err != nil {
		t.Fatal(err)
	}
	if _, err := roundTrip(p); err != nil {
		t.Error(err)
	}
	if err := p.Spoil(`{"type":"nonsense"}`); err == nil {
		t.Error("a toxic that does not exist was taken")
	}
}

func TestAStoppedProxyTakesNobody(t *testing.T) {
	p, err := toxiproxy.Start(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	p.Stop()
	if _, err := roundTrip(p); err == nil {
		t.Error("somebody was let in")
	}
}
