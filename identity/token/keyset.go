package token

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"verbatim/identity"
)

const (
	// fetchTime is how long a fetch may take.
	fetchTime = 5 * time.Second
	// refreshEvery is the time between two fetches that nobody asked for.
	refreshEvery = 5 * time.Minute
	// askEvery is the time between two fetches for tokens with unknown keys, whoever sends them.
	askEvery = 10 * time.Second
	// maxUnknown bounds the unknown keys that are remembered, and maxWaiting the tokens that wait for a fetch.
	maxUnknown, maxWaiting = 1024, 256
)

// KeySet is the keys of a URL (a JWKS), fetched again and again. A failed fetch keeps the keys for a time. A token with
// an unknown key makes it fetch at most once in askEvery, whoever sends how many of them; who asks in between is
// refused, and a fetch comes as soon as it may, so that a rotation is honoured within askEvery. Safe for concurrent
// use.
type KeySet struct {
	// Fixed.
	url   string
	stale time.Duration
	log   zerolog.Logger
	get   func(context.Context) ([]byte, error) // fetches the set; a seam for tests
	seed  maphash.Seed

	asked chan struct{} // capacity 1: somebody wants a fetch as soon as one may be made

	mu       sync.Mutex
	keys     []Key                // guarded by mu; never changed in place
	fresh    time.Time            // guarded by mu: when the keys were fetched; zero: never
	tried    time.Time            // guarded by mu: when the last fetch began; zero: none has
	fetching bool                 // guarded by mu: a fetch is under way
	failing  bool                 // guarded by mu: the last fetch failed
	unknown  map[uint64]time.Time // guarded by mu: keys that a fetch did not bring, and when; hashes
	next     chan struct{}        // guarded by mu: closed when the next fetch has ended
	waiting  int                  // guarded by mu
}

// CheckURL refuses a URL that keys must not be fetched from.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return errors.New("it is no URL: write it as https://id.example.com/jwks.json")
	case u.User != nil || u.Fragment != "":
		return errors.New("it has a user, a password or a fragment: leave them out")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return errors.New("it must begin with https://, or with http:// on this machine, since whoever changes the " +
		"answer on its way signs in as anybody")
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// NewKeySet returns a set without keys. Fetch or Run gets them.
func NewKeySet(url string, stale time.Duration, log zerolog.Logger) *KeySet {
	s := &KeySet{url: url, stale: stale, log: log, seed: maphash.MakeSeed()}
	s.get = s.fetch
	s.asked = make(chan struct{}, 1)
	s.unknown = make(map[uint64]time.Time)
	s.next = make(chan struct{})
	return s
}

// Run fetches the keys again every refreshEvery, and when a token has an unknown one. It ends with ctx. Fetch must have
// returned before.
func (s *KeySet) Run(ctx context.Context) {
	regular := time.NewTimer(refreshEvery)
	defer regular.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-regular.C:
		case <-s.asked:
			if !s.rest(ctx) {
				return
			}
		}
		s.Fetch(ctx)
		regular.Reset(refreshEvery)
	}
}

// rest waits until a fetch may be made that was asked for, or returns false if ctx ends first.
func (s *KeySet) rest(ctx context.Context) bool {
	s.mu.Lock()
	wait := askEvery - time.Since(s.tried)
	s.mu.Unlock()
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Fetch fetches the keys once, and logs if that fails. Only one goroutine calls it at a time.
func (s *KeySet) Fetch(ctx context.Context) {
	select { // who has asked by now is answered by this fetch
	case <-s.asked:
	default:
	}
	s.mu.Lock()
	s.tried = time.Now()
	s.fetching = true
	s.mu.Unlock()
	limited, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	keys, err := s.fetchKeys(limited)
	s.took(keys, err)
}

func (s *KeySet) fetchKeys(ctx context.Context) ([]Key, error) {
	text, err := s.get(ctx)
	if err != nil {
		return nil, err
	}
	return parseSet(text)
}

// took takes what a fetch brought, and lets those go who wait for it.
func (s *KeySet) took(keys []Key, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetching = false
	close(s.next)
	s.next = make(chan struct{})
	now := time.Now()
	for kid, at := range s.unknown {
		if now.Sub(at) >= askEvery {
			delete(s.unknown, kid)
		}
	}
	if err != nil {
		s.noteFailure(err, now)
		return
	}
	switch {
	case len(keys) == 0 && (len(s.keys) > 0 || s.fresh.IsZero()):
		s.log.Error().Str("do", "look what that address answers: it needs RSA, P-256 or Ed25519 keys for signatures").
			Msg("tokens: --token-jwks has no key that can verify a token here: until it has, tokens are refused")
	case s.failing || s.fresh.IsZero():
		s.log.Info().Int("keys", len(keys)).Msg("tokens: the keys of --token-jwks were fetched")
	}
	s.keys, s.fresh, s.failing = keys, now, false
	clear(s.unknown)
}

// noteFailure logs the first of several failures. It is called with mu held.
func (s *KeySet) noteFailure(err error, now time.Time) {
	if s.failing {
		return
	}
	s.failing = true
	if s.fresh.IsZero() {
		s.log.Error().Err(err).Str("do", "look whether that address answers; it is tried again").
			Msg("tokens: the keys of --token-jwks could not be fetched: until they are, tokens are refused")
		return
	}
	s.log.Warn().Err(err).Str("do", "look whether that address answers; it is tried again").
		Stringer("kept_for", max(0, s.stale-now.Sub(s.fresh)).Round(time.Second)).
		Msg("tokens: the keys of --token-jwks could not be fetched: the known ones are kept for a time")
}

// find returns the key that a token's header names, or a *identity.Refusal. It waits for a fetch only if one may be
// made now or is under way.
func (s *KeySet) find(ctx context.Context, h header) (Key, error) {
	key, rule, fetch := s.look(h)
	if fetch.ended == nil {
		return key, refusal(rule)
	}
	timer := time.NewTimer(fetchTime)
	defer timer.Stop()
	select {
	case <-fetch.ended:
	case <-timer.C:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting--
	key, rule = s.known(h)
	if rule == RuleUnknown && fetch.ours && len(s.unknown) < maxUnknown {
		s.unknown[s.hash(h)] = time.Now()
	}
	return key, refusal(rule)
}

// refusal returns the refusal by a rule, or nil for "".
func refusal(rule string) error {
	if rule == "" {
		return nil
	}
	return identity.Refuse(rule)
}

// awaited is a fetch that may bring a key.
type awaited struct {
	ended <-chan struct{} // nil: there is none
	ours  bool            // it begins after it was asked for, so that a key that it does not bring is not there
}

// look returns a key, or the rule that refuses the token, or the fetch that may bring the key. Who gets a fetch counts
// as waiting.
func (s *KeySet) look(h header) (_ Key, rule string, fetch awaited) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key, rule := s.known(h)
	if rule == "" || rule == RuleAmbiguous {
		return key, rule, fetch
	}
	select {
	case s.asked <- struct{}{}:
	default:
	}
	at, remembered := s.unknown[s.hash(h)]
	switch {
	case remembered && time.Since(at) < askEvery:
	case s.waiting >= maxWaiting:
		rule = RuleBusy
	case s.fetching, s.tried.IsZero(), time.Since(s.tried) >= askEvery:
		s.waiting++
		fetch = awaited{ended: s.next, ours: !s.fetching}
	}
	return Key{}, rule, fetch
}

// known returns the key that a token's header names, or the rule that refuses it. It is called with mu held.
func (s *KeySet) known(h header) (found Key, rule string) {
	switch {
	case s.fresh.IsZero():
		return found, RuleNoKeys
	case time.Since(s.fresh) > s.stale:
		return found, RuleStale
	}
	fits := 0
	for _, k := range s.keys {
		if k.alg != h.alg || h.kid != "" && k.kid != h.kid {
			continue
		}
		if fits++; fits == 1 {
			found = k
		}
	}
	switch fits {
	case 0:
		return Key{}, RuleUnknown
	case 1:
		return found, ""
	default:
		return Key{}, RuleAmbiguous
	}
}

// hash is what is remembered of an unknown key: it has a bounded size, and nobody can make two that are alike.
func (s *KeySet) hash(h header) uint64 { return maphash.String(s.seed, h.alg+" "+h.kid) }

// fetch gets the set by HTTP. It follows no redirect: who is redirected trusts another server.
func (s *KeySet) fetch(ctx context.Context) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	client := http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(request)
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		err = failed.Err // without the URL, whose query may be a secret
	}
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s, and not 200 OK", request.URL.Host, answer.Status)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxSet+1))
	if err == nil && len(text) > maxSet {
		err = fmt.Errorf("%s answered with more than %d bytes", request.URL.Host, maxSet)
	}
	return text, err
}
