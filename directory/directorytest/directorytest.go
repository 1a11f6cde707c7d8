// Package directorytest is the suite that a directory passes in each database.
package directorytest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"verbatim/directory"
	"verbatim/protocol"
)

// Place is where a directory is kept. Each call of Open opens the same one.
type Place struct {
	Open   func(ctx context.Context, opts directory.Options) (*directory.Directory, error)
	Exec   func(ctx context.Context, statement string) error // behind the directory's back
	Shared bool                                              // several may be open at once
}

// Run runs the suite. place makes an empty place.
func Run(t *testing.T, place func(t *testing.T) Place) {
	for name, test := range map[string]func(t *testing.T, b *bench){
		"Accounts":                           accounts,
		"Passwords":                          passwords,
		"Passkeys":                           passkeys,
		"Ties":                               ties,
		"SignIns":                            signIns,
		"SignInsHaveABound":                  manySignIns,
		"Blocks":                             blocks,
		"Invites":                            invites,
		"AnInviteIsUsedWithItsAccountOnly":   inviteAndAccount,
		"AnInviteRacedMakesOneAccount":       inviteRace,
		"TheSetUpLink":                       setUp,
		"ResetLinks":                         resets,
		"Keys":                               keys,
		"Revocations":                        revocations,
		"Conversations":                      conversations,
		"DirectConversations":                direct,
		"ADirectConversationRacedIsOne":      directRace,
		"AuditTrail":                         audit,
		"TheStateIsThatOfTheDatabase":        state,
		"TheStateKnowsAChangeAtItsReturn":    atOnce,
		"WhoMissedTooMuchReadsEverything":    missed,
		"AChangeOfAnotherIsKnown":            another,
		"AChangeWhoseContextEndedIsNotMade":  ended,
		"WhatWasMadeIsThereAfterAnotherOpen": reopened,
		"NoneIsMadeUnlessAskedFor":           none,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &bench{place: place(t), clock: &clock{now: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)}}
			if name != "NoneIsMadeUnlessAskedFor" {
				b.Directory = b.open(t)
			}
			test(t, b)
		})
	}
}

// bench is a directory and the clock that it goes by.
type bench struct {
	*directory.Directory
	place Place
	clock *clock
}

// open opens the place. What it opens is closed with the test, unless the test does so.
func (b *bench) open(t *testing.T) *directory.Directory {
	t.Helper()
	d, err := b.place.Open(t.Context(), directory.Options{Now: b.clock.Now, Create: true})
	must(t, err)
	t.Cleanup(func() { _ = d.Close() }) // the test may have closed it
	return d
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var by = directory.By{Actor: "root", From: "192.0.2.1"}

// account makes an account.
func (b *bench) account(t *testing.T, id protocol.UserID) {
	t.Helper()
	must(t, b.CreateAccount(t.Context(), by, directory.NewAccount{ID: id, Password: "hash of " + string(id)}))
}

// load returns the directory's state.
func load(t *testing.T, d *directory.Directory) *directory.State {
	t.Helper()
	s, err := d.Load(t.Context())
	must(t, err)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wants fails the test if an error is not the one that is wanted.
func wants(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// race calls f so many times at once, and counts what each error happened how often.
func race(times int, f func(ctx context.Context, i int) error) map[error]int {
	var mu sync.Mutex
	var all sync.WaitGroup
	got := map[error]int{}
	start := make(chan struct{})
	for i := range times {
		all.Go(func() { // ends with f
			<-start
			err := f(context.Background(), i)
			mu.Lock()
			defer mu.Unlock()
			got[err]++
		})
	}
	close(start)
	all.Wait()
	return got
}
