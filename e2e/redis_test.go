package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// redisServer is a real redis-server with nothing on disk. It can be killed, held and started again on its port.
type redisServer struct {
	*process
	t    testing.TB
	port int
}

func startRedis(t testing.TB) *redisServer {
	t.Helper()
	r := &redisServer{t: t, port: freePort(t)}
	r.start()
	return r
}

// start starts it, empty, and waits until it answers.
func (r *redisServer) start(flags ...string) {
	r.t.Helper()
	args := append([]string{"--port", fmt.Sprint(r.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"},
		flags...)
	r.process = start(r.t, false, "redis-server", args...)
	c := r.client()
	eventually(r.t, "redis-server answers", func() bool {
		err := c.Ping(context.Background()).Err()
		return err == nil || strings.HasPrefix(err.Error(), "NOAUTH")
	})
}

func (r *redisServer) url() string { return fmt.Sprintf("redis://127.0.0.1:%d/0", r.port) }

// client is a connection of the test's own, to look at what the server keeps there and to spoil it.
func (r *redisServer) client() *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", r.port), PoolSize: 1, MaxRetries: -1})
	r.t.Cleanup(func() { c.Close() })
	return c
}
