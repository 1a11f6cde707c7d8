package directorytest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"verbatim/directory"
	"verbatim/directory/secret"
	"verbatim/protocol"
)

func audit(t *testing.T, b *bench) {
	ctx := t.Context()
	b.account(t, "ann")
	must(t, b.BlockUser(ctx, directory.By{Actor: "bob", From: "unix"}, "ann"))
	must(t, b.Audit(ctx, directory.By{Actor: "eve", From: "192.0.2.9"}, "sign-in refused", "ann"))
	events, err := b.AuditTrail(ctx, 0, 10)
	must(t, err)
	if len(events) != 3 {
		t.Fatalf("events: %+v", events)
	}
	for i, want := range []directory.Event{
		{Actor: "eve", Action: "sign-in refused", Object: "ann", From: "192.0.2.9"},
		{Actor: "bob", Action: "user blocked", Object: "ann", From: "unix"},
		{Actor: "root", Action: "account created", Object: "ann", From: "192.0.2.1"},
	} {
		want.Seq, want.Time = events[i].Seq, b.clock.Now()
		if events[i] != want {
			t.Errorf("event %d: got %+v, want %+v", i, events[i], want)
		}
	}
	if older, err := b.AuditTrail(ctx, events[0].Seq, 1); err != nil || len(older) != 1 || older[0] != events[1] {
		t.Errorf("the page before: %+v, %v", older, err)
	}
	// What is refused leaves no line.
	wants(t, b.CreateAccount(ctx, by, directory.NewAccount{ID: "ann"}), directory.ErrAccountTaken)
	if after, err := b.AuditTrail(ctx, 0, 10); err != nil || len(after) != 3 {
		t.Errorf("events: %+v, %v", after, err)
	}
}

// fill makes one of everything that the state knows.
func (b *bench) fill(t *testing.T) (cookie, apiKey string) {
	t.Helper()
	ctx := t.Context()
	must(t, b.CreateAccount(ctx, by, directory.NewAccount{ID: "ann", Admin: true}))
	b.account(t, "bob")
	must(t, b.BlockUser(ctx, by, "bob"))
	must(t, b.BlockUser(ctx, by, "eve"))
	cookie, err := b.AddSignIn(ctx, by, "ann")
	must(t, err)
	_, apiKey, err = b.AddKey(ctx, by, "ci", directory.Grants{Read: []string{"*"}}, time.Time{})
	must(t, err)
	must(t, b.RevokeToken(ctx, by, "t1", time.Time{}))
	_, _, err = b.RevokeUser(ctx, by, "dan")
	must(t, err)
	hr := directory.Conversation{ID: "hr", Kind: directory.Private}
	must(t, b.CreateConversation(ctx, by, hr, []protocol.UserID{"ann"}))
	return cookie, apiKey
}

// knows compares a state with what fill has made.
func (b *bench) knows(s *directory.State, cookie, apiKey string) error {
	now := b.clock.Now()
	ann, bob, key, signIn, hr := s.User("ann"), s.User("bob"), s.Key(secret.Of(apiKey)), s.SignIn(secret.Of(cookie)), s.Private("hr")
	switch {
	case !ann.Account || !ann.Admin || ann.Blocked || !bob.Account || bob.Admin || !bob.Blocked:
		return fmt.Errorf("ann %+v, bob %+v", ann, bob)
	case !s.Blocked("eve") || s.User("eve").Account || s.Blocked("dan"):
		return fmt.Errorf("eve %+v, dan %+v", s.User("eve"), s.User("dan"))
	case key == nil || key.Name != "ci" || len(key.Grants.Read) != 1:
		return fmt.Errorf("key %+v", key)
	case signIn == nil || signIn.Account != "ann" || signIn.Over(now):
		return fmt.Errorf("sign-in %+v", signIn)
	case !s.Revoked("x", now, "t1") || !s.Revoked("dan", now, "") || s.Revoked("ann", now, "t2"):
		return errors.New("the revocations are not those that were made")
	case hr == nil || !hr.Has("ann"):
		return fmt.Errorf("hr: %+v", hr)
	}
	return nil
}

func state(t *testing.T, b *bench) {
	cookie, apiKey := b.fill(t)
	must(t, b.knows(load(t, b.Directory), cookie, apiKey))
}

func atOnce(t *testing.T, b *bench) {
	ctx := t.Context()
	s := load(t, b.Directory)
	var told atomic.Int64
	s.Watch(func(changes []directory.Change) { told.Add(int64(len(changes))) })
	cookie, apiKey := b.fill(t)
	must(t, b.knows(s, cookie, apiKey))
	if told.Load() != 9 {
		t.Errorf("who watches was told of %d changes, want 9", told.Load())
	}

	must(t, b.UnblockUser(ctx, by, "eve"))
	must(t, b.SignOut(ctx, by, secret.Of(cookie)))
	_, err := b.RevokeKey(ctx, by, "ci")
	must(t, err)
	must(t, b.SetMembers(ctx, by, "hr", []protocol.UserID{"bob"}))
	if s.Blocked("eve") || s.SignIn(secret.Of(cookie)) != nil || s.Key(secret.Of(apiKey)) != nil || s.Private("hr").Has("ann") {
		t.Error("the state does not know what ended")
	}
	if told.Load() != 13 {
		t.Errorf("who watches was told of %d changes, want 13", told.Load())
	}
}

func missed(t *testing.T, b *bench) {
	ctx := t.Context()
	must(t, b.BlockUser(ctx, by, "eve"))
	s := load(t, b.Directory)
	var all atomic.Bool
	s.Watch(func(changes []directory.Change) {
		if len(changes) == 1 && changes[0].Kind == directory.KindAll {
			all.Store(true)
		}
	})
	// As if twenty thousand changes were made elsewhere, of which this one is forgotten already.
	must(t, b.place.Exec(ctx, "UPDATE directory SET version = version + 20000"))
	must(t, b.UnblockUser(ctx, by, "eve"))
	if !all.Load() || s.Blocked("eve") {
		t.Errorf("everything was read: %v; eve is blocked: %v", all.Load(), s.Blocked("eve"))
	}
}

func another(t *testing.T, b *bench) {
	if !b.place.Shared {
		t.Skip("one process at a time has it open")
	}
	other := b.open(t)
	s := load(t, other)
	ctx, cancel := context.WithCancel(t.Context())
	following := make(chan struct{})
	go func() { // the test's; ends with ctx
		defer close(following)
		other.Follow(ctx)
	}()
	defer func() { cancel(); <-following }()

	cookie, apiKey := b.fill(t)
	deadline := time.After(time.Minute)
	for err := b.knows(s, cookie, apiKey); err != nil; err = b.knows(s, cookie, apiKey) {
		select {
		case <-deadline:
			t.Fatal(err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func ended(t *testing.T, b *bench) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wants(t, b.CreateAccount(ctx, by, directory.NewAccount{ID: "ann"}), context.Canceled)
	_, err := b.Account(t.Context(), "ann")
	wants(t, err, directory.ErrNoAccount)
}

func reopened(t *testing.T, b *bench) {
	cookie, apiKey := b.fill(t)
	id := b.ID()
	must(t, b.Close())
	again := b.open(t)
	must(t, b.knows(load(t, again), cookie, apiKey))
	if again.ID() != id || id == "" {
		t.Errorf("the directory's id is %q, and was %q", again.ID(), id)
	}
}

func none(t *testing.T, b *bench) {
	_, err := b.place.Open(t.Context(), directory.Options{})
	wants(t, err, directory.ErrNone)
}
