package directorytest

import (
	"strings"
	"testing"
	"time"

	"verbatim/directory"
	"verbatim/directory/secret"
	"verbatim/protocol"
)

func accounts(t *testing.T, b *bench) {
	ctx := t.Context()
	must(t, b.CreateAccount(ctx, by, directory.NewAccount{ID: "bob", Name: "Bob ☃", Admin: true}))
	b.account(t, "ann")
	wants(t, b.CreateAccount(ctx, by, directory.NewAccount{ID: "bob"}), directory.ErrAccountTaken)
	for _, id := range []protocol.UserID{"", "Ann", ".ann", "an n", "ann*", "é", protocol.UserID(strings.Repeat("a", 33))} {
		wants(t, b.CreateAccount(ctx, by, directory.NewAccount{ID: id}), directory.ErrAccountID)
	}
	must(t, b.CreateAccount(ctx, by, directory.NewAccount{ID: protocol.UserID(strings.Repeat("a", 32))}))

	all, err := b.Accounts(ctx)
	must(t, err)
	if len(all) != 3 || all[1].ID != "ann" || all[1].Name != "ann" || all[2].ID != "bob" {
		t.Fatalf("accounts: %+v", all)
	}
	got, err := b.Account(ctx, "bob")
	must(t, err)
	if want := (directory.Account{ID: "bob", Name: "Bob ☃", Admin: true, Created: b.clock.Now()}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	_, err = b.Account(ctx, "eve")
	wants(t, err, directory.ErrNoAccount)
}

func passwords(t *testing.T, b *bench) {
	ctx := t.Context()
	b.account(t, "ann")
	must(t, b.CreateAccount(ctx, by, directory.NewAccount{ID: "bob"}))
	got, err := b.Password(ctx, "ann")
	must(t, err)
	if got != "hash of ann" {
		t.Errorf("password: %q", got)
	}
	for _, id := range []protocol.UserID{"bob", "eve"} {
		_, err = b.Password(ctx, id)
		wants(t, err, directory.ErrNoPassword)
	}

	kept, err := b.AddSignIn(ctx, by, "ann")
	must(t, err)
	ended, err := b.AddSignIn(ctx, by, "ann")
	must(t, err)
	must(t, b.SetPassword(ctx, by, "ann", "another", secret.Of(kept)))
	got, err = b.Password(ctx, "ann")
	must(t, err)
	if got != "another" {
		t.Errorf("password: %q", got)
	}
	_, err = b.SignIn(ctx, secret.Of(kept))
	must(t, err)
	_, err = b.SignIn(ctx, secret.Of(ended))
	wants(t, err, directory.ErrNoSignIn)
	wants(t, b.SetPassword(ctx, by, "eve", "x", directory.Hash{}), directory.ErrNoAccount)
}

func passkeys(t *testing.T, b *bench) {
	ctx := t.Context()
	b.account(t, "ann")
	b.account(t, "bob")
	p := directory.Passkey{ID: "Zm9v", Account: "ann", Name: "phone", Credential: `{"counter":0}`}
	must(t, b.AddPasskey(ctx, by, p))
	p.Account = "bob"
	wants(t, b.AddPasskey(ctx, by, p), directory.ErrPasskeyTaken)
	p.Account = "eve"
	wants(t, b.AddPasskey(ctx, by, p), directory.ErrNoAccount)

	b.clock.pass(time.Hour)
	must(t, b.UsePasskey(ctx, by, "Zm9v", `{"counter":1}`))
	got, err := b.Passkey(ctx, "Zm9v")
	must(t, err)
	if got.Account != "ann" || got.Credential != `{"counter":1}` || !got.Used.Equal(b.clock.Now()) {
		t.Errorf("passkey: %+v", got)
	}
	wants(t, b.UsePasskey(ctx, by, "none", "{}"), directory.ErrNoPasskey)
	wants(t, b.RemovePasskey(ctx, by, "bob", "Zm9v"), directory.ErrNoPasskey)
	all, err := b.Passkeys(ctx, "ann")
	must(t, err)
	if len(all) != 1 || all[0] != got {
		t.Errorf("passkeys: %+v", all)
	}
	must(t, b.RemovePasskey(ctx, by, "ann", "Zm9v"))
	_, err = b.Passkey(ctx, "Zm9v")
	wants(t, err, directory.ErrNoPasskey)
}

func ties(t *testing.T, b *bench) {
	ctx := t.Context()
	tie := directory.Tie{Issuer: "https://id.example", Subject: "42"}
	must(t, b.CreateAccount(ctx, by, directory.NewAccount{ID: "ann", Tie: &tie}))
	wants(t, b.CreateAccount(ctx, by, directory.NewAccount{ID: "bob", Tie: &tie}), directory.ErrTieTaken)
	_, err := b.Account(ctx, "bob")
	wants(t, err, directory.ErrNoAccount)
	b.account(t, "bob")
	wants(t, b.AddTie(ctx, by, "bob", tie), directory.ErrTieTaken)
	wants(t, b.AddTie(ctx, by, "eve", tie), directory.ErrNoAccount)
	other := directory.Tie{Issuer: "https://other.example", Subject: "42"}
	must(t, b.AddTie(ctx, by, "bob", other))
	for tie, want := range map[directory.Tie]protocol.UserID{tie: "ann", other: "bob"} {
		if got, err := b.Tied(ctx, tie); err != nil || got != want {
			t.Errorf("%v is %q, %v; want %q", tie, got, err, want)
		}
	}
	_, err = b.Tied(ctx, directory.Tie{Issuer: "https://id.example", Subject: "43"})
	wants(t, err, directory.ErrNoAccount)
	if all, err := b.Ties(ctx, "bob"); err != nil || len(all) != 1 || all[0] != other {
		t.Errorf("ties: %v, %v", all, err)
	}
}

func signIns(t *testing.T, b *bench) {
	ctx := t.Context()
	b.account(t, "ann")
	_, err := b.AddSignIn(ctx, by, "eve")
	wants(t, err, directory.ErrNoAccount)
	cookie, err := b.AddSignIn(ctx, by, "ann")
	must(t, err)
	hash := secret.Of(cookie)
	got, err := b.SignIn(ctx, hash)
	must(t, err)
	if got.Account != "ann" || !got.Ends.Equal(b.clock.Now().Add(directory.SignInLife)) {
		t.Errorf("sign-in: %+v", got)
	}

	b.clock.pass(directory.SignInIdle - time.Second) // 29 days
	must(t, b.SeeSignIn(ctx, hash))
	b.clock.pass(directory.SignInIdle - time.Second) // 59 days
	_, err = b.SignIn(ctx, hash)
	must(t, err)
	b.clock.pass(time.Second) // idle for 30 days
	_, err = b.SignIn(ctx, hash)
	wants(t, err, directory.ErrNoSignIn)

	cookie, err = b.AddSignIn(ctx, by, "ann") // which removes the idle one
	must(t, err)
	hash = secret.Of(cookie)
	for range 4 { // to 92 days, and seen each 23
		b.clock.pass(23 * 24 * time.Hour)
		must(t, b.SeeSignIn(ctx, hash))
	}
	_, err = b.SignIn(ctx, hash)
	wants(t, err, directory.ErrNoSignIn)
	if all, err := b.SignIns(ctx, "ann"); err != nil || len(all) != 1 {
		t.Errorf("sign-ins: %+v, %v", all, err)
	}

	one, err := b.AddSignIn(ctx, by, "ann")
	must(t, err)
	two, err := b.AddSignIn(ctx, by, "ann")
	must(t, err)
	must(t, b.SignOut(ctx, by, secret.Of(one)))
	wants(t, b.SignOut(ctx, by, secret.Of(one)), directory.ErrNoSignIn)
	wants(t, b.SeeSignIn(ctx, secret.Of(one)), directory.ErrNoSignIn)
	_, err = b.SignIn(ctx, secret.Of(two))
	must(t, err)
	if n, err := b.SignOutAll(ctx, by, "ann"); err != nil || n != 1 {
		t.Errorf("signed out: %d, %v", n, err)
	}
	_, err = b.SignIn(ctx, secret.Of(two))
	wants(t, err, directory.ErrNoSignIn)
}

func manySignIns(t *testing.T, b *bench) {
	ctx := t.Context()
	b.account(t, "ann")
	first, err := b.AddSignIn(ctx, by, "ann")
	must(t, err)
	for range 100 {
		b.clock.pass(time.Second)
		_, err := b.AddSignIn(ctx, by, "ann")
		must(t, err)
	}
	all, err := b.SignIns(ctx, "ann")
	must(t, err)
	_, err = b.SignIn(ctx, secret.Of(first))
	wants(t, err, directory.ErrNoSignIn)
	if len(all) != 100 {
		t.Errorf("an account has %d sign-ins, want 100", len(all))
	}
}

func blocks(t *testing.T, b *bench) {
	ctx := t.Context()
	b.account(t, "ann")
	must(t, b.BlockUser(ctx, by, "ann"))
	must(t, b.BlockUser(ctx, by, "ann"))
	must(t, b.BlockUser(ctx, by, "token user ☃")) // who has no account
	wants(t, b.BlockUser(ctx, by, ""), directory.ErrUser)
	got, err := b.Account(ctx, "ann")
	must(t, err)
	if !got.Blocked.Equal(b.clock.Now()) {
		t.Errorf("blocked: %v", got.Blocked)
	}
	_, err = b.AddSignIn(ctx, by, "ann")
	wants(t, err, directory.ErrBlocked)
	all, err := b.Blocks(ctx)
	must(t, err)
	if len(all) != 2 || all[0].User != "ann" || all[1].User != "token user ☃" {
		t.Errorf("blocks: %+v", all)
	}

	must(t, b.UnblockUser(ctx, by, "ann"))
	wants(t, b.UnblockUser(ctx, by, "ann"), directory.ErrNotBlocked)
	_, err = b.AddSignIn(ctx, by, "ann")
	must(t, err)
}
