// Package metrics reads a server's /metrics page: what the benchmarks want to know from inside the server.
package metrics

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Page is the figures of one moment, by name and labels as they stand on the page.
type Page map[string]float64

// limit bounds one reading.
const limit = 20 * time.Second

// Read asks the server at addr (host:port). It returns nil, without an error, if the server has no such page, as the
// baselines.
func Read(ctx context.Context, addr string) (Page, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	// Its own connection, and no compression: the least that a reading can cost the server.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
	answer, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
		return parse(answer.Body)
	case http.StatusNotFound:
		return nil, nil
	}
	return nil, fmt.Errorf("metrics: %s answered %s", r.URL, answer.Status)
}

func parse(body io.Reader) (Page, error) {
	p := Page{}
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		name, value, ok := cutLast(lines.Text())
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("metrics: %s is %q", name, value)
		}
		p[name] = v
	}
	return p, lines.Err()
}

func cutLast(line string) (name, value string, ok bool) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 || strings.HasPrefix(line, "#") {
		return "", "", false
	}
	return line[:i], line[i+1:], true
}

// Since is how far the counter of that name has come since an earlier page.
func (p Page) Since(before Page, name string) float64 { return p[name] - before[name] }

// Quantile is the q-quantile (0 to 1) of what a histogram took in since an earlier page, in its own unit: within its
// bucket it is interpolated, as Prometheus does, so it is no finer than the buckets are. NaN where it took in nothing.
func (p Page) Quantile(before Page, name string, q float64) float64 {
	type bucket struct{ edge, count float64 }
	var buckets []bucket
	for key := range p {
		label, ok := strings.CutPrefix(key, name+`_bucket{le="`)
		if !ok {
			continue
		}
		edge, err := strconv.ParseFloat(strings.TrimSuffix(label, `"}`), 64)
		if err != nil {
			continue // it has more labels: another histogram
		}
		buckets = append(buckets, bucket{edge, p.Since(before, key)})
	}
	slices.SortFunc(buckets, func(a, b bucket) int {
		if a.edge < b.edge {
			return -1
		}
		return 1
	})
	if len(buckets) == 0 || buckets[len(buckets)-1].count == 0 {
		return math.NaN()
	}
	rank := q * buckets[len(buckets)-1].count
	below := bucket{}
	for _, b := range buckets {
		if b.count >= rank {
			if math.IsInf(b.edge, 1) || b.count == below.count {
				return below.edge
			}
			return below.edge + (b.edge-below.edge)*(rank-below.count)/(b.count-below.count)
		}
		below = b
	}
	return below.edge
}
