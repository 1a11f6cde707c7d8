package main

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"verbatim/testparts/ports"
	"verbatim/testparts/toxiproxy"
)

// redisServer is a real Redis with nothing on disk, and a proxy before it whose network can be spoiled.
type redisServer struct {
	*process
	r      *run
	port   int
	proxy  *toxiproxy.Proxy
	client *goredis.Client // past the proxy
}

func (r *run) redis() (*redisServer, error) {
	port, err := ports.Free()
	if err != nil {
		return nil, err
	}
	d := &redisServer{r: r, port: port}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	d.client = goredis.NewClient(&goredis.Options{Addr: addr, PoolSize: 1, MaxRetries: -1})
	r.later(func() { _ = d.client.Close() }) // it only looks and spoils
	if d.proxy, err = toxiproxy.Start(addr); err != nil {
		return nil, fmt.Errorf("a proxy before Redis: %w", err)
	}
	r.later(d.proxy.Stop)
	return d, d.start()
}

// start starts it, empty, and waits until it answers.
func (d *redisServer) start() (err error) {
	d.process, err = d.r.start("redis-server", "--port", fmt.Sprint(d.port), "--bind", "127.0.0.1",
		"--save", "", "--appendonly", "no")
	if err != nil {
		return err
	}
	return d.r.until("redis-server answers", time.Minute, func() bool { return d.client.Ping(d.r.ctx).Err() == nil })
}

func (d *redisServer) heal() error { return d.proxy.Heal() }

func (d *redisServer) hang() error { d.signal(syscall.SIGSTOP); return nil }

// redisFault is what may befall Redis. harm begins it, again goes on with it a few times a second, heal ends it; nil:
// nothing.
type redisFault struct {
	what              string
	harm, again, heal func(d *redisServer) error
}

var redisFaultList = []redisFault{
	{"stopped", (*redisServer).hang, nil, func(d *redisServer) error { d.signal(syscall.SIGCONT); return nil }},
	{"stopped for good", (*redisServer).hang, nil, nil}, // and the server's own end, too, waits for nobody
	{"killed", func(d *redisServer) error { d.kill(); return nil }, nil, (*redisServer).start},
	{"restarted empty", nil, func(d *redisServer) error { d.kill(); return d.start() }, nil},
	{"flushed", nil, func(d *redisServer) error { return d.client.FlushAll(d.r.ctx).Err() }, nil},
	{"slow", func(d *redisServer) error {
		return d.proxy.Spoil(`{"name":"slow","type":"latency","attributes":{"latency":400,"jitter":300}}`)
	}, nil, (*redisServer).heal},
	{"resetting", func(d *redisServer) error {
		return d.proxy.Spoil(`{"name":"reset","type":"reset_peer","attributes":{"timeout":5}}`)
	}, nil, (*redisServer).heal},
	{"cut in answers", func(d *redisServer) error {
		return d.proxy.Spoil(`{"name":"cut","type":"limit_data","attributes":{"bytes":3000}}`)
	}, nil, (*redisServer).heal},
	{"out of memory", func(d *redisServer) error {
		return d.client.ConfigSet(d.r.ctx, "maxmemory", "1").Err()
	}, nil, func(d *redisServer) error { return d.client.ConfigSet(d.r.ctx, "maxmemory", "0").Err() }},
	{"wrong type", nil, func(d *redisServer) error {
		keys, err := d.client.Keys(d.r.ctx, "*").Result()
		for _, key := range keys {
			if err == nil {
				err = d.client.Set(d.r.ctx, key, "not yours", 0).Err()
			}
		}
		return err
	}, nil},
	{"nonsense in our types", nil, func(d *redisServer) error {
		keys, err := d.client.Keys(d.r.ctx, "*").Result()
		for _, key := range keys {
			if err == nil && d.client.Type(d.r.ctx, key).Val() == "zset" {
				short := goredis.Z{Score: 3, Member: `{"type":"message","seq":3}`}
				err = d.client.ZAdd(d.r.ctx, key, short, goredis.Z{Score: 1.5, Member: "x"}).Err()
			}
		}
		return err
	}, nil},
	{"password changed", func(d *redisServer) error {
		ctx := d.r.ctx
		if err := d.client.ConfigSet(ctx, "requirepass", "secret").Err(); err != nil {
			return err
		}
		return d.client.Do(ctx, "client", "kill", "type", "normal", "skipme", "yes").Err() // who is in would stay in
	}, nil, func(d *redisServer) error { return d.client.ConfigSet(d.r.ctx, "requirepass", "").Err() }},
}

// steady is traffic whose latency is measured: sends that do not queue behind each other.
var steady = shape{
	conversations: 8, authors: 20, readers: 4, window: 1, every: 100 * time.Millisecond, size: 200, undisturbed: true,
}

var redisFaults = drill{
	name: "redis",
	about: "Redis stopped, killed, emptied, slow, resetting, full, spoiled, locked: " +
		"nobody notices, and acks are as fast as without it",
	run: func(r *run) error {
		lasts := time.Duration(r.long(10000, 700)) * time.Millisecond
		played := 0
		for _, fault := range redisFaultList {
			if !strings.Contains(fault.what, r.fault) {
				continue
			}
			played++
			if err := r.redisFault(fault, lasts, 1); err != nil {
				return fmt.Errorf("fault %q of Redis: %w", fault.what, err)
			}
		}
		if played == 0 {
			return fmt.Errorf("there is no fault of Redis with %q in its name", r.fault)
		}
		r.count("%d faults of %v each", played, lasts)
		return nil
	},
}

// figureTries is how often a fault is played until acks are as fast as they must be: on a busy machine a p99 may
// double by chance, but what waits for Redis is slow each time. Promises have one try.
const figureTries = 3

// redisFault runs two servers under the same load at the same time, one with a Redis that fails and one without
// Redis, so that whatever else the machine does touches both.
func (r *run) redisFault(fault redisFault, lasts time.Duration, try int) error {
	d, err := r.redis()
	if err != nil {
		return err
	}
	with, err := r.serve("--redis", "redis://"+d.proxy.Listen, "--history-size", "50")
	if err != nil {
		return err
	}
	without, err := r.serve("--history-size", "50")
	if err != nil {
		return err
	}
	t, err := r.begin(with, steady)
	if err != nil {
		return err
	}
	control, err := r.begin(without, steady)
	if err != nil {
		return err
	}
	r.say("%s: before", fault.what)
	r.pause(lasts / 5)
	err = r.until("the server keeps history in Redis, so that a fault can harm", time.Minute, func() bool {
		keys, err := d.client.DBSize(r.ctx).Result()
		return err == nil && keys > 0
	})
	if err != nil {
		return err
	}
	t.measured()
	control.measured()
	if fault.harm != nil {
		if err := fault.harm(d); err != nil {
			return err
		}
	}
	for began := time.Now(); time.Since(began) < lasts && r.ctx.Err() == nil; {
		r.say("%s: %v", fault.what, time.Since(began).Round(time.Second))
		if fault.again != nil {
			if err := fault.again(d); err != nil {
				return err
			}
		}
		if err := t.audit(); err != nil { // reads what is long gone from memory, where Redis would be asked
			return err
		}
		if err := control.audit(); err != nil {
			return err
		}
		r.pause(lasts / 20)
	}
	spoiled, whole := t.measured(), control.measured()
	p99, bound := spoiled.ValueAtPercentile(99), 2*whole.ValueAtPercentile(99)
	again := p99 > bound && try < figureTries && !r.short
	if again {
		r.count("%s: p99 %s, without Redis %s: played again", fault.what, milli(spoiled, 99), milli(whole, 99))
	} else {
		r.judge(p99 <= bound, "%s: p99 %s, without Redis %s", fault.what, milli(spoiled, 99), milli(whole, 99))
	}
	if fault.heal != nil {
		if err := fault.heal(d); err != nil {
			return err
		}
	}
	r.pause(lasts / 10)
	if err := control.finish(); err != nil {
		return err
	}
	if err := t.finish(); err != nil {
		return err
	}
	d.kill()
	if again {
		return r.redisFault(fault, lasts, try+1)
	}
	return nil
}
