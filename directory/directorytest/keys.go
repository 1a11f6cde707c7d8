package directorytest

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"verbatim/directory"
	"verbatim/directory/secret"
)

func keys(t *testing.T, b *bench) {
	ctx := t.Context()
	grants := directory.Grants{Read: []string{"*"}, Write: []string{"team-*", "lobby"}, As: true}
	ends := b.clock.Now().Add(time.Hour)
	made, apiKey, err := b.AddKey(ctx, by, "ci", grants, ends)
	must(t, err)
	if !strings.HasPrefix(apiKey, "vb_") || len(apiKey) != 29 || secret.Of(apiKey) != made.Hash || made.User() != "key:ci" {
		t.Errorf("key %q: %+v", apiKey, made)
	}
	other, _, err := b.AddKey(ctx, by, "ci", directory.Grants{}, time.Time{})
	must(t, err)
	third, _, err := b.AddKey(ctx, by, "bot", directory.Grants{}, time.Time{})
	must(t, err)
	all, err := b.Keys(ctx)
	must(t, err)
	if len(all) != 3 || all[0].ID != third.ID || !reflect.DeepEqual(all[1], made) && !reflect.DeepEqual(all[2], made) {
		t.Errorf("keys: %+v, want %+v among them", all, made)
	}
	if made.Over(b.clock.Now()) || !made.Over(ends) || other.Over(ends.AddDate(100, 0, 0)) {
		t.Error("a key ends at its end, and one without an end never")
	}

	b.clock.pass(time.Minute)
	must(t, b.UseKey(ctx, third.ID))
	all, err = b.Keys(ctx)
	must(t, err)
	if !all[0].Used.Equal(b.clock.Now()) {
		t.Errorf("used: %v", all[0].Used)
	}

	for name, want := range map[string]error{"": directory.ErrKeyName, "key:ci": directory.ErrKeyName, "CI": directory.ErrKeyName} {
		_, _, err := b.AddKey(ctx, by, name, directory.Grants{}, time.Time{})
		wants(t, err, want)
	}
	_, _, err = b.AddKey(ctx, by, "ci", directory.Grants{}, b.clock.Now())
	wants(t, err, directory.ErrKeyEnd)
	for _, bad := range []string{"", "**", "a*b", "Team-*", "-*", "{user}"} {
		if _, _, err := b.AddKey(ctx, by, "ci", directory.Grants{Moderate: []string{bad}}, time.Time{}); err == nil {
			t.Errorf("the pattern %q was taken", bad)
		}
	}
	many := directory.Grants{Read: strings.Split(strings.Repeat("a ", 200)+"a", " "), Write: strings.Split(strings.Repeat("a ", 55)+"a", " ")}
	if _, _, err := b.AddKey(ctx, by, "ci", many, time.Time{}); err == nil {
		t.Error("257 patterns were taken")
	}

	for _, step := range []struct {
		what string
		n    int
		err  error
	}{{third.ID, 1, nil}, {third.ID, 0, directory.ErrNoKey}, {"ci", 2, nil}, {"ci", 0, directory.ErrNoKey}} {
		if n, err := b.RevokeKey(ctx, by, step.what); n != step.n || !errors.Is(err, step.err) {
			t.Errorf("revoke %s: %d, %v; want %d, %v", step.what, n, err, step.n, step.err)
		}
	}
}

func revocations(t *testing.T, b *bench) {
	ctx := t.Context()
	b.account(t, "ann")
	cookie, err := b.AddSignIn(ctx, by, "ann")
	must(t, err)
	s := load(t, b.Directory)
	issued := b.clock.Now()
	until, n, err := b.RevokeUser(ctx, by, "ann")
	must(t, err)
	if n != 1 || !until.Equal(issued) {
		t.Errorf("revoked until %v, %d sign-ins", until, n)
	}
	_, err = b.SignIn(ctx, secret.Of(cookie))
	wants(t, err, directory.ErrNoSignIn)
	_, _, err = b.RevokeUser(ctx, by, "somebody of another list")
	must(t, err)
	_, _, err = b.RevokeUser(ctx, by, "")
	wants(t, err, directory.ErrUser)

	must(t, b.RevokeToken(ctx, by, "t1", issued.Add(time.Hour)))
	must(t, b.RevokeToken(ctx, by, "t2", time.Time{}))
	wants(t, b.RevokeToken(ctx, by, "", time.Time{}), directory.ErrTokenID)
	wants(t, b.RevokeToken(ctx, by, strings.Repeat("x", 257), time.Time{}), directory.ErrTokenID)
	for _, row := range []struct {
		issued  time.Time
		tokenID string
		want    bool
	}{
		{issued.Add(-time.Hour), "", true}, {issued, "", true}, {issued.Add(time.Microsecond), "", false},
		{time.Time{}, "", true}, {issued.Add(time.Hour), "t1", true}, {issued.Add(time.Hour), "t3", false},
	} {
		if got := s.Revoked("ann", row.issued, row.tokenID); got != row.want {
			t.Errorf("a token of %v with the id %q is revoked: %v", row.issued, row.tokenID, got)
		}
	}
	if s.Revoked("bob", time.Time{}, "") || !s.Revoked("bob", issued, "t2") {
		t.Error("bob's tokens are refused by their id, and by nothing else")
	}

	b.clock.pass(2 * time.Hour)
	must(t, b.RevokeToken(ctx, by, "t4", time.Time{})) // which forgets t1, for it has ended
	must(t, b.Close())
	s = load(t, b.open(t))
	if s.Revoked("bob", b.clock.Now(), "t1") || !s.Revoked("bob", b.clock.Now(), "t2") {
		t.Error("an ended token's revocation is to be forgotten, and no other")
	}
}
