package directorytest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"verbatim/directory"
	"verbatim/directory/secret"
	"verbatim/protocol"
)

func invites(t *testing.T, b *bench) {
	ctx := t.Context()
	made, link, err := b.AddInvite(ctx, by, true, 2, time.Hour)
	must(t, err)
	all, err := b.Invites(ctx)
	must(t, err)
	if len(all) != 1 || all[0] != made || made.Uses != 2 || !made.Admin || made.Creator != "root" ||
		!made.Ends.Equal(b.clock.Now().Add(time.Hour)) {
		t.Errorf("invites: %+v, made %+v", all, made)
	}
	must(t, b.CheckLink(ctx, secret.Of(link)))
	wants(t, b.CheckLink(ctx, secret.Of("x"+link)), directory.ErrNoLink)

	b.clock.pass(time.Hour)
	wants(t, b.CheckLink(ctx, secret.Of(link)), directory.ErrNoLink)
	_, err = b.Accept(ctx, by, secret.Of(link), directory.NewAccount{ID: "ann"})
	wants(t, err, directory.ErrNoLink)

	made, link, err = b.AddInvite(ctx, by, false, 1, directory.InviteLife)
	must(t, err)
	wants(t, b.RemoveInvite(ctx, by, "nonsense"), directory.ErrNoInvite)
	must(t, b.RemoveInvite(ctx, by, made.ID))
	wants(t, b.RemoveInvite(ctx, by, made.ID), directory.ErrNoInvite)
	_, err = b.Accept(ctx, by, secret.Of(link), directory.NewAccount{ID: "ann"})
	wants(t, err, directory.ErrNoLink)
	for _, bad := range []struct {
		uses int
		life time.Duration
	}{{0, time.Hour}, {-1, time.Hour}, {1001, time.Hour}, {1, 0}, {1, -time.Hour}, {1, 400 * 24 * time.Hour}} {
		if _, _, err := b.AddInvite(ctx, by, false, bad.uses, bad.life); err == nil {
			t.Errorf("an invite for %d uses and %v was made", bad.uses, bad.life)
		}
	}
}

func inviteAndAccount(t *testing.T, b *bench) {
	ctx := t.Context()
	b.account(t, "taken")
	_, link, err := b.AddInvite(ctx, by, false, 1, time.Hour)
	must(t, err)
	hash := secret.Of(link)
	for id, want := range map[protocol.UserID]error{
		"taken": directory.ErrAccountTaken, "NO ID": directory.ErrAccountID,
	} {
		_, err := b.Accept(ctx, by, hash, directory.NewAccount{ID: id})
		wants(t, err, want)
	}
	must(t, b.CheckLink(ctx, hash)) // not used up by what failed

	cookie, err := b.Accept(ctx, by, hash, directory.NewAccount{ID: "ann", Admin: true, Password: "h"})
	must(t, err)
	signIn, err := b.SignIn(ctx, secret.Of(cookie))
	must(t, err)
	got, err := b.Account(ctx, "ann")
	must(t, err)
	if signIn.Account != "ann" || got.Admin {
		t.Errorf("sign-in %+v of account %+v: want no administrator, whatever was asked for", signIn, got)
	}
	_, err = b.Accept(ctx, by, hash, directory.NewAccount{ID: "bob"})
	wants(t, err, directory.ErrNoLink)
	if all, err := b.Accounts(ctx); err != nil || len(all) != 2 {
		t.Errorf("accounts: %+v, %v", all, err)
	}
}

func inviteRace(t *testing.T, b *bench) {
	_, link, err := b.AddInvite(t.Context(), by, false, 1, time.Hour)
	must(t, err)
	got := race(50, func(ctx context.Context, i int) error {
		_, err := b.Accept(ctx, by, secret.Of(link), directory.NewAccount{ID: protocol.UserID(fmt.Sprintf("ann%d", i))})
		return err
	})
	if got[nil] != 1 || got[directory.ErrNoLink] != 49 {
		t.Errorf("50 uses at once of an invite: %v", got)
	}
	if all, err := b.Accounts(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("accounts: %+v, %v", all, err)
	}

	_, link, err = b.AddInvite(t.Context(), by, false, 50, time.Hour)
	must(t, err)
	got = race(50, func(ctx context.Context, _ int) error {
		_, err := b.Accept(ctx, by, secret.Of(link), directory.NewAccount{ID: "bob"})
		return err
	})
	if got[nil] != 1 || got[directory.ErrAccountTaken] != 49 {
		t.Errorf("50 accounts of one id: %v", got)
	}
	if all, err := b.Invites(t.Context()); err != nil || len(all) != 1 || all[0].Uses != 49 {
		t.Errorf("invites: %+v, %v: want one with 49 uses left", all, err)
	}
}

func setUp(t *testing.T, b *bench) {
	ctx := t.Context()
	first, err := b.SetUp(ctx, by)
	must(t, err)
	second, err := b.SetUp(ctx, by)
	must(t, err)
	wants(t, b.CheckLink(ctx, secret.Of(first)), directory.ErrNoLink)
	if all, err := b.Invites(ctx); err != nil || len(all) != 0 {
		t.Errorf("the set-up link is among the invites: %+v, %v", all, err)
	}
	b.clock.pass(directory.SetUpLife)
	wants(t, b.CheckLink(ctx, secret.Of(second)), directory.ErrNoLink)

	third, err := b.SetUp(ctx, by)
	must(t, err)
	_, err = b.Accept(ctx, by, secret.Of(third), directory.NewAccount{ID: "ann", Password: "h"})
	must(t, err)
	if got, err := b.Account(ctx, "ann"); err != nil || !got.Admin {
		t.Errorf("%+v, %v: want an administrator", got, err)
	}
	if link, err := b.SetUp(ctx, by); err != nil || link != "" {
		t.Errorf("a server with an administrator has a set-up link: %q, %v", link, err)
	}
}

func resets(t *testing.T, b *bench) {
	ctx := t.Context()
	b.account(t, "ann")
	_, err := b.AddReset(ctx, by, "eve")
	wants(t, err, directory.ErrNoAccount)
	older, err := b.AddReset(ctx, by, "ann")
	must(t, err)
	link, err := b.AddReset(ctx, by, "ann")
	must(t, err)
	_, err = b.Reset(ctx, by, secret.Of(older), "x")
	wants(t, err, directory.ErrNoLink)
	_, err = b.Accept(ctx, by, secret.Of(link), directory.NewAccount{ID: "bob"})
	wants(t, err, directory.ErrNoLink)
	wants(t, b.CheckLink(ctx, secret.Of(link)), directory.ErrNoLink)
	_, invite, err := b.AddInvite(ctx, by, false, 1, time.Hour)
	must(t, err)
	_, err = b.Reset(ctx, by, secret.Of(invite), "x")
	wants(t, err, directory.ErrNoLink)

	cookie, err := b.AddSignIn(ctx, by, "ann")
	must(t, err)
	account, err := b.Reset(ctx, by, secret.Of(link), "new")
	must(t, err)
	password, err := b.Password(ctx, "ann")
	must(t, err)
	if account != "ann" || password != "new" {
		t.Errorf("%s has the password %q", account, password)
	}
	_, err = b.SignIn(ctx, secret.Of(cookie))
	wants(t, err, directory.ErrNoSignIn)
	_, err = b.Reset(ctx, by, secret.Of(link), "again")
	wants(t, err, directory.ErrNoLink)

	link, err = b.AddReset(ctx, by, "ann")
	must(t, err)
	b.clock.pass(directory.ResetLife)
	_, err = b.Reset(ctx, by, secret.Of(link), "late")
	wants(t, err, directory.ErrNoLink)
}
