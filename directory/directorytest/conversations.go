package directorytest

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"verbatim/directory"
	"verbatim/protocol"
)

func conversations(t *testing.T, b *bench) {
	ctx := t.Context()
	s := load(t, b.Directory)
	hr := directory.Conversation{ID: "hr", Kind: directory.Private, Title: "Personnel 人"}
	must(t, b.CreateConversation(ctx, by, hr, []protocol.UserID{"bob", "ann"}))
	wants(t, b.CreateConversation(ctx, by, hr, []protocol.UserID{"eve"}), directory.ErrConversationTaken)
	must(t, b.CreateConversation(ctx, by, directory.Conversation{ID: "lobby", Kind: directory.Public, Title: "Lobby"}, nil))

	got, err := b.Conversation(ctx, "hr")
	must(t, err)
	hr.Created, hr.Creator = b.clock.Now(), "root"
	if got != hr {
		t.Errorf("got %+v, want %+v", got, hr)
	}
	if room := s.Private("hr"); room == nil || !room.Has("ann") || room.Has("eve") || room.Len() != 2 || room.Title != hr.Title {
		t.Errorf("in memory: %+v", room)
	}
	if s.Private("lobby") != nil || s.Settings("lobby") == nil || s.Private("unknown") != nil {
		t.Error("a public conversation has members, or an unknown one")
	}
	_, err = b.Conversation(ctx, "unknown")
	wants(t, err, directory.ErrNoConversation)

	must(t, b.SetMembers(ctx, by, "hr", []protocol.UserID{"ann", "dan"}))
	if members, err := b.Members(ctx, "hr"); err != nil || !slices.Equal(members, []protocol.UserID{"ann", "dan"}) {
		t.Errorf("members: %v, %v", members, err)
	}
	if room := s.Private("hr"); room.Has("bob") || !room.Has("dan") || !room.Has("ann") {
		t.Errorf("in memory: %+v", room)
	}
	must(t, b.SetTitle(ctx, by, "hr", "People"))
	if room := s.Settings("hr"); room.Title != "People" || !room.Has("dan") {
		t.Errorf("in memory: %+v", room)
	}

	wants(t, b.SetTitle(ctx, by, "unknown", "x"), directory.ErrNoConversation)
	wants(t, b.SetTitle(ctx, by, "hr", strings.Repeat("人", 201)), directory.ErrConversation)
	wants(t, b.SetTitle(ctx, by, "hr", "\xff"), directory.ErrConversation)
	wants(t, b.SetMembers(ctx, by, "hr", nil), directory.ErrMembers)
	wants(t, b.SetMembers(ctx, by, "hr", []protocol.UserID{""}), directory.ErrMembers)
	wants(t, b.SetMembers(ctx, by, "lobby", []protocol.UserID{"ann"}), directory.ErrNoConversation)
	for _, bad := range []directory.Conversation{
		{ID: "HR", Kind: directory.Private}, {ID: "x", Kind: "secret"}, {ID: "d-x", Kind: directory.Direct},
	} {
		wants(t, b.CreateConversation(ctx, by, bad, []protocol.UserID{"ann"}), directory.ErrConversation)
	}
	nobody := directory.Conversation{ID: "nobody", Kind: directory.Private}
	wants(t, b.CreateConversation(ctx, by, nobody, nil), directory.ErrMembers)
	public := directory.Conversation{ID: "public", Kind: directory.Public}
	wants(t, b.CreateConversation(ctx, by, public, []protocol.UserID{"ann"}), directory.ErrPublic)
}

var directID = regexp.MustCompile(`^d-[a-z2-7]{26}$`)

func direct(t *testing.T, b *bench) {
	ctx := t.Context()
	s := load(t, b.Directory)
	id, err := b.OpenDirect(ctx, by, []protocol.UserID{"bob", "ann"})
	must(t, err)
	if !directID.MatchString(string(id)) || !id.Valid() {
		t.Errorf("the id is %q", id)
	}
	again, err := b.OpenDirect(ctx, by, []protocol.UserID{"ann", "bob", "ann"})
	must(t, err)
	three, err := b.OpenDirect(ctx, by, []protocol.UserID{"ann", "bob", "dan"})
	must(t, err)
	if again != id || three == id {
		t.Errorf("ann and bob: %s, again %s; with dan %s", id, again, three)
	}
	if room := s.Private(id); room == nil || room.Kind != directory.Direct || !room.Has("ann") || room.Has("dan") {
		t.Errorf("in memory: %+v", room)
	}
	wants(t, b.SetMembers(ctx, by, id, []protocol.UserID{"eve"}), directory.ErrNoConversation)
	for _, bad := range [][]protocol.UserID{nil, {"ann"}, {"ann", "ann"}, {"ann", ""}, {"ann", "bob\ndan"}} {
		_, err := b.OpenDirect(ctx, by, bad)
		wants(t, err, directory.ErrDirect)
	}
}

func directRace(t *testing.T, b *bench) {
	ids := make([]protocol.ConversationID, 50)
	got := race(len(ids), func(ctx context.Context, i int) (err error) {
		people := []protocol.UserID{"ann", "bob"}
		if i%2 == 1 {
			slices.Reverse(people)
		}
		ids[i], err = b.OpenDirect(ctx, by, people)
		return err
	})
	if got[nil] != len(ids) || len(slices.Compact(ids)) != 1 {
		t.Errorf("50 requests at once: %v, ids %v", got, slices.Compact(ids))
	}
}
