package history

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// kind is how a Redis is run: the beginning of its URL.
type kind string

const (
	standalone kind = "redis://"
	sentinel   kind = "redis+sentinel://"
	cluster    kind = "redis+cluster://"
)

const urlForms = "give redis://HOST:PORT/DB (rediss:// with TLS), " +
	"redis+sentinel://HOST:PORT/DB?master_name=NAME or redis+cluster://HOST:PORT"

// CheckURL returns in one line what is wrong with the URL of a Redis and what to do, or nil. It does not connect.
//
//	redis://[user:password@]host[:port][/db]
//	unix://[user:password@]/path/of/socket[?db=1]
//	redis+sentinel://[user:password@]host[:port][/db]?master_name=NAME[&addr=host:port…][&username=…&password=…]
//	redis+cluster://[user:password@]host[:port][?addr=host:port…]
//
// rediss://, rediss+sentinel:// and rediss+cluster:// use TLS. In the second form the user before the @ is the
// Sentinels' and the one among the parameters is the master's. All is read by go-redis, which knows more parameters
// (pool_size, skip_verify, …); timeouts and retries are ours.
func CheckURL(text string) error {
	_, _, err := parseURL(text)
	return err
}

// parseURL returns what makes a client for that URL. Its errors never carry the URL: there is a password in it.
func parseURL(text string) (kind, func() redis.UniversalClient, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	secure := ""
	if strings.HasPrefix(scheme, "rediss") {
		secure = "s"
	}
	var (
		k    kind
		open func() redis.UniversalClient
		err  error
	)
	switch scheme {
	case "redis", "rediss", "unix":
		k = standalone
		open, err = standaloneOf(text)
	case "redis+sentinel", "rediss+sentinel":
		k = sentinel
		open, err = sentinelOf("redis" + secure + "://" + rest)
	case "redis+cluster", "rediss+cluster":
		k = cluster
		open, err = clusterOf("redis" + secure + "://" + rest)
	default:
		return "", nil, fmt.Errorf("redis: %.20q is not how a Redis URL begins: %s", scheme, urlForms)
	}
	if err != nil {
		return "", nil, fmt.Errorf("redis: %s: %s", reason(err), urlForms)
	}
	return k, open, nil
}

// reason leaves out what net/url puts before its errors: the whole URL.
func reason(err error) string {
	var in *url.Error
	if errors.As(err, &in) {
		return "the URL cannot be read: " + redact(in.Err.Error())
	}
	return strings.TrimPrefix(err.Error(), "redis: ")
}

// redact keeps net/url's words and drops what it quotes, which may be a part of the password ("invalid port …").
func redact(text string) string {
	before, _, _ := strings.Cut(text, `"`)
	return strings.TrimSpace(before)
}

// The times that one call may take. An append is in nobody's way, so it may take longer than a read, which a reader
// waits for; a read's own bound is its context.
const (
	readTimeout   = 250 * time.Millisecond
	appendTimeout = time.Second
	dialTimeout   = 250 * time.Millisecond
	maxPool       = 1000 // connections
)

func standaloneOf(text string) (func() redis.UniversalClient, error) {
	o, err := redis.ParseURL(text)
	if err == nil {
		err = checkNumbers(o.DB, o.PoolSize)
	}
	if err != nil {
		return nil, err
	}
	shared{
		&o.MaxRetries, &o.DialerRetries, &o.PoolSize, &o.PipelinePoolSize,
		&o.MinIdleConns, &o.MaxIdleConns, &o.MaxActiveConns, &o.MaxConcurrentDials,
		&o.PipelineReadBufferSize, &o.PipelineWriteBufferSize,
		&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout, &o.ContextTimeoutEnabled, o.TLSConfig,
	}.set()
	o.MaintNotificationsConfig = quiet()
	return func() redis.UniversalClient { return redis.NewClient(o) }, nil
}

func sentinelOf(text string) (func() redis.UniversalClient, error) {
	o, err := redis.ParseFailoverURL(text)
	if err == nil {
		err = checkNumbers(o.DB, o.PoolSize)
	}
	if err == nil && o.MasterName == "" {
		err = errors.New("master_name is missing")
	}
	if err != nil {
		return nil, err
	}
	shared{
		&o.MaxRetries, &o.DialerRetries, &o.PoolSize, &o.PipelinePoolSize,
		&o.MinIdleConns, &o.MaxIdleConns, &o.MaxActiveConns, &o.MaxConcurrentDials,
		&o.PipelineReadBufferSize, &o.PipelineWriteBufferSize,
		&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout, &o.ContextTimeoutEnabled, o.TLSConfig,
	}.set()
	o.RouteByLatency, o.RouteRandomly, o.ReplicaOnly = false, false, false // a replica may lack what was appended
	return func() redis.UniversalClient { return redis.NewFailoverClient(o) }, nil
}

func clusterOf(text string) (func() redis.UniversalClient, error) {
	o, err := redis.ParseClusterURL(text)
	if err == nil {
		err = checkNumbers(0, o.PoolSize)
	}
	if u, _ := url.Parse(text); err == nil && u != nil && strings.Trim(u.Path, "/0") != "" {
		err = errors.New("a cluster has one database: leave out the path")
	}
	if err != nil {
		return nil, err
	}
	shared{
		&o.MaxRetries, &o.DialerRetries, &o.PoolSize, &o.PipelinePoolSize,
		&o.MinIdleConns, &o.MaxIdleConns, &o.MaxActiveConns, &o.MaxConcurrentDials,
		&o.PipelineReadBufferSize, &o.PipelineWriteBufferSize,
		&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout, &o.ContextTimeoutEnabled, o.TLSConfig,
	}.set()
	o.MaintNotificationsConfig = quiet()
	return func() redis.UniversalClient { return redis.NewClusterClient(o) }, nil
}

// shared are the options that go-redis' three kinds of options have in common, and that are not the URL's to choose.
type shared struct {
	maxRetries, dialerRetries, poolSize, pipelinePoolSize          *int
	minIdle, maxIdle, maxActive, maxDials, readBuffer, writeBuffer *int

	dialTimeout, readTimeout, writeTimeout, poolTimeout *time.Duration
	contextTimeout                                      *bool
	tls                                                 *tls.Config
}

func (s shared) set() {
	*s.maxRetries = -1 // the breakers retry, and count each failure
	*s.dialerRetries = 1
	*s.poolSize = poolOf(*s.poolSize)
	*s.pipelinePoolSize = 2
	for _, unset := range []*int{s.minIdle, s.maxIdle, s.maxActive, s.maxDials, s.readBuffer, s.writeBuffer} {
		*unset = 0
	}
	*s.dialTimeout = dialTimeout
	*s.readTimeout = appendTimeout
	*s.writeTimeout = appendTimeout
	*s.poolTimeout = appendTimeout
	*s.contextTimeout = true
	if s.tls != nil {
		s.tls.MinVersion = tls.VersionTLS12
	}
}

func checkNumbers(db, pool int) error {
	if db < 0 {
		return fmt.Errorf("there is no database %d", db)
	}
	if pool > maxPool {
		return fmt.Errorf("pool_size is %d, and at most %d", pool, maxPool)
	}
	return nil
}

func poolOf(asked int) int {
	if asked > 0 {
		return asked
	}
	return max(16, 10*runtime.GOMAXPROCS(0))
}

// quiet turns off what only one vendor's Redis answers to.
func quiet() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}
