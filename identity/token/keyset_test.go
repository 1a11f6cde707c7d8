package token

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// setOf returns a set that is fetched by get.
func setOf(get func(context.Context) ([]byte, error)) *KeySet {
	s := NewKeySet("https://id.test/jwks", 24*time.Hour, zerolog.Nop())
	s.get = get
	return s
}

// issuer is where keys are fetched from, in a bubble.
type issuer struct {
	mu      sync.Mutex
	keys    []byte
	away    bool
	takes   time.Duration // for an answer
	fetches []time.Time   // when they began
}

func (i *issuer) get(ctx context.Context) ([]byte, error) {
	i.mu.Lock()
	i.fetches = append(i.fetches, time.Now())
	keys, away, takes := i.keys, i.away, i.takes
	i.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if away {
		return nil, errors.New("connection refused")
	}
	return keys, nil
}

func (i *issuer) change(f func(*issuer)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	f(i)
}

func (i *issuer) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.fetches)
}

// rotating is a verifier beside an issuer, in a bubble, and what signs for it.
type rotating struct {
	t *testing.T
	*issuer
	*Verifier
	party
}

// beginRotating starts a set whose first key is k1.
func beginRotating(t *testing.T, i *issuer) *rotating {
	r := &rotating{t: t, issuer: i, party: newParties()["EdDSA"]}
	if i.keys == nil {
		i.keys = r.with("k1")
	}
	s := setOf(i.get)
	s.Fetch(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { // the test's; ends with it
		defer close(ended)
		s.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	r.Verifier = New(Options{Set: s, Leeway: 10 * time.Second})
	return r
}

// with is a set of the key under these names.
func (r *rotating) with(kids ...string) []byte {
	var keys []map[string]any
	for _, kid := range kids {
		keys = append(keys, r.jwk(map[string]any{"kid": kid}))
	}
	return set(keys...)
}

// rule tries a token of a key, and returns the rule that refuses it.
func (r *rotating) rule(kid string) string {
	r.t.Helper()
	claims := fmt.Sprintf(`{"sub":"ann","exp":%d}`, time.Now().Add(time.Hour).Unix())
	_, err := r.Verify(r.t.Context(), r.sign(`{"alg":"EdDSA","kid":"`+kid+`"}`, claims))
	rule, _ := refusedBy(r.t, err)
	return rule
}

func TestARotationIsHonouredWithinTenSecondsBesideAFloodOfJunkKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := beginRotating(t, &issuer{takes: 50 * time.Millisecond})
		stop := make(chan struct{})
		var flood sync.WaitGroup
		flood.Go(func() { // 100 strangers a second, each with another key
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
					flood.Go(func() { r.rule(fmt.Sprint("junk-", n)) })
				}
			}
		})
		time.Sleep(30 * time.Second)
		r.change(func(i *issuer) { i.keys = r.with("k2") })
		rotated := time.Now()
		for r.rule("k2") != "" {
			if time.Since(rotated) > 11*time.Second {
				t.Fatal("the new key is not honoured")
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Logf("honoured after %v", time.Since(rotated))
		if took := time.Since(rotated); took > 10*time.Second+100*time.Millisecond {
			t.Errorf("honoured after %v, want 10 s at most", took)
		}
		if rule := r.rule("k1"); rule == "" {
			t.Error("the key that is gone is still honoured")
		}
		time.Sleep(time.Minute)
		close(stop)
		flood.Wait()
		for n := 1; n < len(r.fetches); n++ {
			if gap := r.fetches[n].Sub(r.fetches[n-1]); gap < 10*time.Second {
				t.Errorf("two fetches within %v", gap)
			}
		}
		if n := r.count(); n < 8 || n > 11 {
			t.Errorf("%d fetches in 100 s", n)
		}
	})
}

func TestANewKeyIsFetchedAtOnceIfNoneWasFetchedLately(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := beginRotating(t, &issuer{})
		time.Sleep(time.Minute)
		r.change(func(i *issuer) { i.keys = r.with("k1", "k2") })
		if rule := r.rule("k2"); rule != "" {
			t.Errorf("the new key: refused by %q", rule)
		}
		r.change(func(i *issuer) { i.keys = r.with("k3") })
		if rule := r.rule("k3"); rule != RuleUnknown {
			t.Errorf("a second one at once: got %q, want %q", rule, RuleUnknown)
		}
		time.Sleep(10*time.Second + time.Millisecond) // the fetch comes though nobody asks again
		if rule := r.rule("k3"); rule != "" {
			t.Errorf("after 10 s: refused by %q", rule)
		}
		if n := r.count(); n != 3 {
			t.Errorf("%d fetches, want 3", n)
		}
	})
}

func TestKeysAreFetchedEveryFiveMinutesAndKeptForADayWhileTheIssuerIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := beginRotating(t, &issuer{})
		r.change(func(i *issuer) { i.keys = r.with("k2") })
		time.Sleep(5*time.Minute + time.Second)
		if rule := r.rule("k2"); rule != "" {
			t.Errorf("after 5 minutes: refused by %q", rule)
		}
		last := time.Now().Add(-time.Second)
		r.change(func(i *issuer) { i.away = true })
		time.Sleep(time.Hour)
		if rule := r.rule("k2"); rule != "" {
			t.Errorf("away for an hour: refused by %q", rule)
		}
		time.Sleep(time.Until(last.Add(24*time.Hour - time.Second)))
		if rule := r.rule("k2"); rule != "" {
			t.Errorf("just before --token-stale: refused by %q", rule)
		}
		time.Sleep(2 * time.Second)
		if rule := r.rule("k2"); rule != RuleStale {
			t.Errorf("after --token-stale: got %q, want %q", rule, RuleStale)
		}
		r.change(func(i *issuer) { i.away = false })
		time.Sleep(10 * time.Second)
		if rule := r.rule("k2"); rule != "" {
			t.Errorf("back again: refused by %q", rule)
		}
	})
}

func TestTokensAreRefusedUntilAnIssuerThatIsAwayAtTheStartComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := beginRotating(t, &issuer{away: true})
		if rule := r.rule("k1"); rule != RuleNoKeys {
			t.Errorf("away: got %q, want %q", rule, RuleNoKeys)
		}
		r.change(func(i *issuer) { i.away = false })
		time.Sleep(11 * time.Second)
		if rule := r.rule("k1"); rule != "" {
			t.Errorf("it came: refused by %q", rule)
		}
	})
}

func TestAFetchThatHangsKeepsNobodyLongerThanFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := beginRotating(t, &issuer{})
		r.change(func(i *issuer) { i.takes = time.Hour })
		time.Sleep(time.Minute)
		began := time.Now()
		var waiting sync.WaitGroup
		for n := range 2000 {
			waiting.Go(func() {
				if rule := r.rule(fmt.Sprint("junk-", n)); rule != RuleUnknown && rule != RuleBusy {
					t.Errorf("got %q", rule)
				}
			})
		}
		synctest.Wait()
		if s := r.o.Set; s.waiting > maxWaiting {
			t.Errorf("%d wait, want %d at most", s.waiting, maxWaiting)
		}
		if rule := r.rule("k1"); rule != "" {
			t.Errorf("a known key meanwhile: refused by %q", rule)
		}
		waiting.Wait()
		if took := time.Since(began); took > fetchTime {
			t.Errorf("they waited for %v", took)
		}
	})
}

func TestUnknownKeysAreRememberedForTenSecondsInBoundedMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := beginRotating(t, &issuer{})
		s := r.o.Set
		for range 20 {
			time.Sleep(20 * time.Second)
			var all sync.WaitGroup
			for n := range 200 {
				all.Go(func() { r.rule(fmt.Sprint(time.Now().UnixNano(), "-", n)) })
			}
			all.Wait()
			synctest.Wait()
			s.mu.Lock()
			if len(s.unknown) > maxUnknown {
				t.Errorf("%d are remembered", len(s.unknown))
			}
			s.mu.Unlock()
		}
	})
}

// TestKeysThatCannotVerifyATokenArePassedOver has one key that can beside many that cannot.
func TestKeysThatCannotVerifyATokenArePassedOver(t *testing.T) {
	all := newParties()
	good := all["RS256"].jwk(map[string]any{"kid": "good"})
	weak := all["RS256"].jwk(map[string]any{"kid": "weak", "n": strings.Repeat("A", 100) + "AQAB"})
	for _, text := range [][]byte{
		set(
			map[string]any{"kty": "oct", "k": encode(testSecret), "kid": "oct", "alg": "HS256"},
			all["RS256"].jwk(map[string]any{"use": "enc"}),
			all["RS256"].jwk(map[string]any{"alg": "RS512"}),
			all["RS256"].jwk(map[string]any{"alg": "HS256"}),
			all["ES256"].jwk(map[string]any{"alg": "ES384"}),
			all["RS256"].jwk(map[string]any{"key_ops": []string{"sign"}}),
			all["RS256"].jwk(map[string]any{"key_ops": []string{}}),
			all["RS256"].jwk(map[string]any{"key_ops": "verify"}),
			all["ES256"].jwk(map[string]any{"crv": "P-384"}),
			all["ES256"].jwk(map[string]any{"x": "AAAA"}),
			all["EdDSA"].jwk(map[string]any{"crv": "X25519"}),
			all["EdDSA"].jwk(map[string]any{"kty": "XYZ"}),
			weak, map[string]any{}, good,
		),
	} {
		keys, err := parseSet(text)
		if err != nil || len(keys) != 1 || keys[0].kid != "good" || keys[0].alg != "RS256" {
			t.Errorf("got %+v, %v; want the good key alone", keys, err)
		}
	}
	withUse := all["ES256"].jwk(map[string]any{
		"use": "sig", "key_ops": []string{"verify"}, "alg": "ES256",
		"x5u": "http://127.0.0.1:1/", "x5c": []string{"AAAA"},
	})
	if keys, err := parseSet(set(withUse)); err != nil || len(keys) != 1 {
		t.Errorf("a key with everything: got %+v, %v", keys, err)
	}
	var hundred []map[string]any
	for range 101 {
		hundred = append(hundred, good)
	}
	for what, text := range map[string]string{
		"101 keys": string(set(hundred...)), "no JSON": "<html>", "no keys": "{}",
		"keys twice":     `{"keys":[],"keys":[]}`,
		"keys an object": `{"keys":{}}`,
	} {
		if keys, err := parseSet([]byte(text)); err == nil {
			t.Errorf("%s: got %+v, want an error", what, keys)
		}
	}
}

func TestOfTwoKeysThatFitATokenWithoutAKidNeitherIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := beginRotating(t, &issuer{})
		claims := fmt.Sprintf(`{"sub":"ann","exp":%d}`, time.Now().Add(time.Hour).Unix())
		token := r.sign(`{"alg":"EdDSA"}`, claims)
		if _, err := r.Verify(t.Context(), token); err != nil {
			t.Errorf("one key: %v", err)
		}
		r.change(func(i *issuer) { i.keys = r.with("k1", "k2") })
		time.Sleep(6 * time.Minute)
		_, err := r.Verify(t.Context(), token)
		if rule, _ := refusedBy(t, err); rule != RuleAmbiguous {
			t.Errorf("two keys: got %q, want %q", rule, RuleAmbiguous)
		}
	})
}

// TestAFetchFollowsNoRedirectAndIsBounded asks a real server.
func TestAFetchFollowsNoRedirectAndIsBounded(t *testing.T) {
	good := set(newParties()["RS256"].jwk(nil))
	var elsewhere atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/good", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(good) })
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, _ *http.Request) {
		elsewhere.Add(1)
		_, _ = w.Write(good)
	})
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Repeat(" ", maxSet)))
		_, _ = w.Write(good)
	})
	mux.HandleFunc("/missing", http.NotFound)
	mux.HandleFunc("/hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	defer server.Close()
	for path, want := range map[string]string{
		"/good": "", "/redirect": "302", "/large": "more than", "/missing": "404", "/hangs": "deadline",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		if path == "/hangs" {
			ctx, cancel = context.WithTimeout(t.Context(), 10*time.Millisecond)
		}
		s := NewKeySet(server.URL+path+"?secret=1", time.Hour, zerolog.Nop())
		_, err := s.fetchKeys(ctx)
		cancel()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error has the URL's query: %v", path, err)
		}
	}
	if elsewhere.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

func TestAURLOfKeysIsHTTPSOrOnThisMachine(t *testing.T) {
	for url, allowed := range map[string]bool{
		"https://id.example.com/jwks": true, "http://127.0.0.1:9/jwks": true, "http://[::1]:9/": true,
		"http://localhost/jwks": true, "http://id.example.com/jwks": false, "http://10.0.0.1/": false,
		"file:///etc/passwd": false, "jwks.json": false, "": false, "https://": false, "https://u:p@id.test/": false,
		"http://localhost.evil.test/": false, "ftp://127.0.0.1/": false, "https://id.test/#x": false,
	} {
		if err := CheckURL(url); (err == nil) != allowed {
			t.Errorf("%s: got %v", url, err)
		}
	}
}
