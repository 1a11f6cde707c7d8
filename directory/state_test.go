package directory_test

import (
	"context"
	"testing"
	"time"

	"verbatim/directory"
	"verbatim/directory/secret"
	"verbatim/protocol"
)

// known is a directory's state with a little of everything.
func known(t testing.TB) (s *directory.State, apiKey, cookie directory.Hash) {
	ctx := context.Background()
	d, err := directory.OpenSQLite(ctx, t.TempDir(), directory.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if s, err = d.Load(ctx); err != nil {
		t.Fatal(err)
	}
	private := directory.Conversation{ID: "hr", Kind: directory.Private}
	_, key, err := d.AddKey(ctx, by, "ci", directory.Grants{}, time.Time{})
	for _, step := range []func() error{
		func() error { return err },
		func() error { return d.CreateAccount(ctx, by, directory.NewAccount{ID: "ann"}) },
		func() error { return d.BlockUser(ctx, by, "eve") },
		func() error { return d.RevokeToken(ctx, by, "t1", time.Time{}) },
		func() error { return d.CreateConversation(ctx, by, private, []protocol.UserID{"ann"}) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	signIn, err := d.AddSignIn(ctx, by, "ann")
	if err != nil {
		t.Fatal(err)
	}
	return s, secret.Of(key), secret.Of(signIn)
}

func TestAnswersFromMemoryAllocateNothing(t *testing.T) {
	s, apiKey, cookie := known(t)
	now := time.Now()
	right := true
	allocated := testing.AllocsPerRun(1000, func() {
		right = right && s.Blocked("eve") && !s.Blocked("ann") && s.User("ann").Account &&
			s.Revoked("ann", now, "t1") && !s.Revoked("ann", now, "t2") &&
			s.Private("hr").Has("ann") && !s.Private("hr").Has("eve") && s.Private("lobby") == nil &&
			!s.Key(apiKey).Over(now) && s.Key(cookie) == nil && !s.SignIn(cookie).Over(now)
	})
	if !right {
		t.Error("an answer is wrong")
	}
	if allocated != 0 {
		t.Errorf("the answers allocate %v times", allocated)
	}
}

func BenchmarkPrivate(b *testing.B) {
	s, _, _ := known(b)
	b.ReportAllocs()
	for b.Loop() {
		if !s.Private("hr").Has("ann") {
			b.Fatal("ann is no member")
		}
	}
}

func BenchmarkRevoked(b *testing.B) {
	s, _, _ := known(b)
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if s.Revoked("ann", now, "t2") {
			b.Fatal("it is revoked")
		}
	}
}
