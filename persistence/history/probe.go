package history

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// probe finds out, once at the start, whether there is a Redis of that kind, and takes its lease. refused is an error
// that the same URL will always have, in one line for the operator. away is the error of a Redis that is away or in
// trouble, which refuses no start (docs/protocol, promise 8).
func probe(ctx context.Context, l *lease, kind kind) (away, refused error) {
	ctx, cancel := context.WithTimeout(ctx, leaseTimeout)
	defer cancel()
	mode, err := mode(ctx, l.client)
	if err == nil && mode != "" {
		if want := wanted[mode]; want != "" && want != kind && !(mode == "standalone" && kind == sentinel) {
			return nil, fmt.Errorf("redis: this is a %s: its URL begins with %s", mode, want)
		}
	}
	owner := ""
	if err == nil || redis.HasErrorPrefix(err, "ERR") { // a Redis before 6 has no HELLO
		owner, err = l.claim(ctx)
	}
	switch {
	case err != nil:
		return err, explain(err, kind)
	case owner != l.dataID:
		return nil, fmt.Errorf(
			"redis: another server (data directory %s) uses this Redis: give one of them another database", owner)
	}
	return nil, nil
}

// wanted is the URL for each mode that HELLO names.
var wanted = map[string]kind{"standalone": standalone, "cluster": cluster, "sentinel": sentinel}

// mode asks the server what it is. "" means that it does not say, or that it is a cluster, whose client has found it.
func mode(ctx context.Context, client redis.UniversalClient) (string, error) {
	if _, is := client.(*redis.ClusterClient); is {
		return "", client.Ping(ctx).Err()
	}
	hello, err := client.Do(ctx, "HELLO").Result()
	if err != nil {
		return "", err
	}
	if fields, is := hello.(map[any]any); is {
		mode, _ := fields["mode"].(string)
		return mode, nil
	}
	return "", nil
}

// explain returns an error for the answers that mean a wrong URL, or nil for those of a Redis in trouble.
func explain(err error, kind kind) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "cluster support disabled"):
		return fmt.Errorf("redis: this is no cluster: its URL begins with %s", standalone)
	case strings.HasPrefix(text, "MOVED"):
		return fmt.Errorf("redis: this is a cluster: its URL begins with %s", cluster)
	case strings.Contains(text, "DB index is out of range"), strings.Contains(text, "SELECT is not allowed"):
		return fmt.Errorf("redis: it has no such database (%s): give the URL another number", text)
	case kind == sentinel && strings.Contains(text, "unknown command"):
		return fmt.Errorf(
			"redis: these are no Sentinels: give their addresses, or a URL that begins with %s", standalone)
	case kind == sentinel && strings.Contains(text, redis.Nil.Error()):
		return fmt.Errorf("redis: the Sentinels know no such master: check master_name")
	}
	return nil
}
