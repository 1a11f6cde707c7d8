//gate:story real Redis Cluster and Sentinel

package history_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"verbatim/persistence"
	"verbatim/persistence/history"
	"verbatim/persistence/historytest"
	"verbatim/protocol"
)

// newCluster starts three masters with all slots.
func newCluster(t *testing.T) []*server {
	t.Helper()
	var nodes []*server
	create := []string{"--cluster", "create"}
	for range 3 {
		// The bus listens 10000 above the port by default, which may be above all ports.
		s := newServer(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000",
			"--cluster-port", fmt.Sprint(freePort(t)))
		nodes = append(nodes, s)
		create = append(create, s.addr())
	}
	create = append(create, "--cluster-replicas", "0", "--cluster-yes")
	if out, err := exec.CommandContext(t.Context(), "redis-cli", create...).CombinedOutput(); err != nil {
		t.Fatalf("redis-cli: %v: %s", err, out)
	}
	for _, s := range nodes {
		until(t, "the cluster is up", func() bool {
			return strings.Contains(s.ClusterInfo(context.Background()).Val(), "cluster_state:ok")
		})
	}
	return nodes
}

func TestACluster(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t)
	url := "redis+cluster://" + nodes[0].addr()
	t.Run("Suite", func(t *testing.T) {
		historytest.Run(t, func(t *testing.T, size int, ttl time.Duration) persistence.History {
			for _, s := range nodes {
				s.FlushAll(t.Context())
			}
			return openRedis(t, url, history.Options{Size: size, TTL: ttl}).Redis
		})
	})
	t.Run("AnotherKind", func(t *testing.T) {
		_, err := history.OpenRedis(t.Context(), nodes[1].url(), dataID, history.Options{})
		if err == nil || !strings.Contains(err.Error(), "redis+cluster://") {
			t.Errorf("a cluster with the URL of a single server: %v", err)
		}
	})
	t.Run("ForeignOwner", func(t *testing.T) {
		c := openRedis(t, url, history.Options{})
		_, err := history.OpenRedis(t.Context(), url, "data-two", history.Options{})
		if err == nil || !strings.Contains(err.Error(), "another server (data directory "+dataID) {
			t.Errorf("got %v", err)
		}
		c.shut()
	})
	t.Run("AHungMaster", func(t *testing.T) {
		c := openRedis(t, url, history.Options{})
		ids := make([]protocol.ConversationID, 30)
		for i := range ids {
			ids[i] = protocol.ConversationID(fmt.Sprint("c", i))
			c.Append(ids[i], log1, historytest.Entries(ids[i], 1, 5))
		}
		until(t, "all have arrived", func() bool { return c.Stats().Appended == 150 })
		nodes[2].stop()
		there := 0
		for range 2 {
			for _, id := range ids {
				c.Append(id, log1, historytest.Entries(id, 1, 5))
				got, _ := c.Range(t.Context(), id, log1, 1, 5, page)
				if got == nil {
					continue
				}
				if err := historytest.Check(got, id, 1, 5); err != nil {
					t.Fatal(err)
				}
				there++
			}
		}
		if there == 0 {
			t.Error("with one master of three hung nothing was read")
		}
		nodes[2].cont()
		for _, id := range ids {
			until(t, "all can be read again", func() bool {
				c.Append(id, log1, historytest.Entries(id, 1, 5))
				got, _ := c.Range(t.Context(), id, log1, 1, 5, page)
				return got != nil && got.Last() == 5
			})
		}
	})
}

func TestASingleServerIsNoCluster(t *testing.T) {
	s := newServer(t)
	for _, url := range []string{"redis+cluster://" + s.addr(), "redis+sentinel://" + s.addr() + "?master_name=m"} {
		_, err := history.OpenRedis(t.Context(), url, dataID, history.Options{})
		if err == nil || !strings.Contains(err.Error(), "begins with redis://") {
			t.Errorf("%s to a single server: %v", url, err)
		}
	}
	_, err := history.OpenRedis(t.Context(), "redis://"+s.addr()+"/99", dataID, history.Options{})
	if err == nil || !strings.Contains(err.Error(), "no such database") {
		t.Errorf("database 99: %v", err)
	}
}

// newSentinel starts a Sentinel that watches the master, with a quorum of one.
func newSentinel(t *testing.T, master *server) *server {
	t.Helper()
	conf := script(t, "sentinel.conf", fmt.Sprintf("sentinel monitor m 127.0.0.1 %d 1\n"+
		"sentinel down-after-milliseconds m 500\nsentinel failover-timeout m 2000\n", master.port))
	return newServer(t, conf, "--sentinel")
}

func TestASentinelFailover(t *testing.T) {
	t.Parallel()
	master := newServer(t)
	replica := newServer(t, "--replicaof", fmt.Sprintf("127.0.0.1 %d", master.port), "--repl-diskless-sync-delay", "0")
	s := newSentinel(t, master)
	watch := redis.NewSentinelClient(&redis.Options{Addr: s.addr()})
	defer watch.Close()
	until(t, "the Sentinel knows the replica", func() bool {
		found, _ := watch.Replicas(t.Context(), "m").Result()
		return len(found) == 1 && found[0]["master-link-status"] == "ok"
	})
	url := "redis+sentinel://" + s.addr() + "/0?master_name="
	_, err := history.OpenRedis(t.Context(), url+"x", dataID, history.Options{})
	if err == nil || !strings.Contains(err.Error(), "master_name") {
		t.Errorf("an unknown master: %v", err)
	}
	_, err = history.OpenRedis(t.Context(), s.url(), dataID, history.Options{})
	if err == nil || !strings.Contains(err.Error(), "redis+sentinel://") {
		t.Errorf("a Sentinel with the URL of a single server: %v", err)
	}
	c := openRedis(t, url+"m", history.Options{})
	c.put(1, 50)
	until(t, "the replica has it", func() bool { return replica.ZCard(t.Context(), keyOf()).Val() == 50 })
	master.kill()
	until(t, "the replica is the master", func() bool {
		c.hammer(1, 5)
		return strings.Contains(replica.Info(t.Context(), "replication").Val(), "role:master")
	})
	until(t, "the breaker has closed by itself", func() bool { return c.Stats().Breaker == "closed" })
	c.refilled(51, 60)
	c.wantAll(1, 60)
}
