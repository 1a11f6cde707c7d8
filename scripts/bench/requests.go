package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"verbatim/scripts/bench/figures"
	"verbatim/scripts/bench/metrics"
)

// requests is what the system that Verbatim replaces checked of itself, at the same work and at 100 times the work.
func requests(s *size) []*row {
	times := 100
	if s.quick {
		times = 10
	}
	check := func(title, about, server string, posts, gets int, limit float64) *row {
		r := &row{title: title, about: about, redis: server == withRedis}
		for _, n := range []int{1, times} {
			t := &burstOf{server: server, posts: posts * n, gets: gets * n}
			name := grouped(t.posts + t.gets)
			r.runs = append(r.runs, named(name, t.run)...)
			if n == 1 {
				r.targets = append(r.targets, atMost(limit).alone(burst, name))
			} else {
				r.targets = append(r.targets, show(burst, name))
			}
			r.targets = append(r.targets, show(request, name), atMost(50).alone(lag, name))
			if gets > 0 {
				r.targets = append(r.targets, show(fromRedis, name))
			}
		}
		return r
	}
	client := fmt.Sprintf(" Sent by Go's HTTP client on the same cores, over connections that are there, at most %d "+
		"at a time: so thousands measure the server, and not a crowd of goroutines beside it; the median of several "+
		"such bursts", atATime)
	return []*row{
		check("50 POSTs at once", "a message each, into conversations of their own, on the disk before the answer."+
			client+". The old system: 50 requests in 10 ms, 0.24 ms each (target: under 100 ms), event loop "+
			"lag 1.72 ms (target: under 50 ms); lag is here how long a runnable goroutine waited for a core meanwhile",
			verbatim, 50, 0, 100),
		check("25 Redis operations at once", "the newest page of 25 conversations, which Redis answers; "+
			"where it is too slow, the record does."+client,
			withRedis, 0, 25, 500),
		check("25 file operations at once", "25 messages by POST, each on the disk before the answer; no Redis."+client,
			verbatim, 25, 0, 500),
		check("25 + 25 mixed, at once", "both together, on a server with Redis."+client+
			". The old system: in under 0.5 s", withRedis, 25, 25, 500),
	}
}

// burstOf is requests that are sent together.
type burstOf struct {
	server      string
	posts, gets int
}

// together is about how many requests all bursts of a run have.
const together = 5_000

func (t *burstOf) run(ctx context.Context, b *bench, data string) (f *figures.Figures, err error) {
	s, err := b.start(ctx, t.server, data, anyPort)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.end((*process).kill)) }()
	if t.gets > 0 {
		if err := b.put(ctx, s, t.gets, 20); err != nil {
			return nil, err
		}
		time.Sleep(500 * time.Millisecond) // Redis's appender comes behind
	}

	n := t.posts + t.gets
	client := &http.Client{
		Transport: &http.Transport{MaxIdleConns: n, MaxIdleConnsPerHost: n},
		Timeout:   time.Minute,
	}
	defer client.CloseIdleConnections()
	for range 2 { // the connections are made
		if _, err := t.once(ctx, client, s.addr); err != nil {
			return nil, err
		}
	}
	return t.measure(ctx, client, s.addr)
}

// measure sends bursts between two looks at the server's own counts.
func (t *burstOf) measure(ctx context.Context, client *http.Client, addr string) (*figures.Figures, error) {
	before, err := metrics.Read(ctx, addr)
	if err != nil {
		return nil, err
	}
	n := t.posts + t.gets
	bursts := max(3, together/n)
	var took []float64
	for range bursts {
		d, err := t.once(ctx, client, addr)
		if err != nil {
			return nil, err
		}
		took = append(took, ms(d))
	}
	after, err := metrics.Read(ctx, addr)
	if err != nil {
		return nil, err
	}

	median, _ := spreadOf(took)
	f := &figures.Figures{Burst: median.median, Request: median.median / float64(n), Messages: int64(bursts * n)}
	if t.gets > 0 {
		f.Redis = 100 * after.Since(before, "verbatim_history_hits_total") / float64(bursts*t.gets)
	}
	if lag := after.Quantile(before, "go_sched_latencies_seconds", 0.999); !math.IsNaN(lag) {
		f.Lag = lag * 1000
	}
	return f, nil
}

// atATime is how many requests of a burst are under way at most.
const atATime = 64

// once sends the requests, and returns how long it took until all were answered.
func (t *burstOf) once(ctx context.Context, client *http.Client, addr string) (time.Duration, error) {
	all, err := t.requests(ctx, addr)
	if err != nil {
		return 0, err
	}
	var asking errgroup.Group
	asking.SetLimit(atATime)
	began := time.Now()
	for _, r := range all {
		asking.Go(func() error { return answered(client, r) }) // once's, which waits for it; ends with the answer
	}
	err = asking.Wait()
	return time.Since(began), err
}

// requests makes them: the POSTs, then the GETs.
func (t *burstOf) requests(ctx context.Context, addr string) (all []*http.Request, err error) {
	body := []byte(fmt.Sprintf(`{"from":"bench","text":"%s"}`, strings.Repeat("a message ", 10)))
	for i := range t.posts {
		url := fmt.Sprintf("http://%s/api/conversations/post-%d/messages", addr, i)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/json")
		all = append(all, r)
	}
	for i := range t.gets {
		url := fmt.Sprintf("http://%s/api/conversations/bench-%d/messages", addr, i)
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// answered sends a request and reads its answer, which must be a 2xx.
func answered(client *http.Client, r *http.Request) error {
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %.100q", r.Method, r.URL, answer.Status, body)
	}
	return err
}
