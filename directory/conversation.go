package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"verbatim/directory/queries"
	"verbatim/directory/secret"
	"verbatim/protocol"
)

// ConversationKind says who may do something in a conversation.
type ConversationKind string

// Kinds of conversations. In those that are not public only members may do anything.
const (
	Public  ConversationKind = "public"
	Private ConversationKind = "private"
	Direct  ConversationKind = "direct"
)

// Conversation is a conversation's settings, without its members.
type Conversation struct {
	ID      protocol.ConversationID
	Kind    ConversationKind
	Title   string
	Created time.Time
	Creator string
}

// The most that a conversation may have.
const (
	maxTitle   = 200    // characters of its title
	maxMembers = 10_000 // of a private conversation
	maxDirect  = 50     // people of a direct conversation
)

// directPrefix begins the id of each direct conversation. Twenty-six random characters follow.
const directPrefix = "d-"

var (
	ErrNoConversation    = errors.New("directory: the conversation has no settings")
	ErrConversationTaken = errors.New("directory: there is a conversation with this id")
	ErrConversation      = errors.New("directory: a conversation's id must be valid, its kind public or private, " +
		"and its title at most 200 characters of UTF-8")
	ErrMembers = fmt.Errorf("directory: a private conversation has 1 to %d members", maxMembers)
	ErrDirect  = fmt.Errorf("directory: a direct conversation is between 2 to %d people", maxDirect)
	ErrPublic  = errors.New("directory: a public conversation has no members")
)

// CreateConversation keeps a conversation's settings and its members. It returns ErrConversationTaken, ErrConversation
// or ErrMembers. Whether the record has such a conversation already, the caller finds out.
func (d *Directory) CreateConversation(
	ctx context.Context, by By, conv Conversation, members []protocol.UserID,
) error {
	if !conv.ID.Valid() || conv.Kind != Public && conv.Kind != Private || !validTitle(conv.Title) {
		return ErrConversation
	}
	if conv.Kind == Public && len(members) > 0 {
		return ErrPublic
	}
	if conv.Kind == Private && !validMembers(members) {
		return ErrMembers
	}
	return d.change(ctx, by, func(c *change) error {
		if err := c.addConversation(conv, members); err != nil {
			return err
		}
		return c.done(KindConversation, string(conv.ID), string(conv.Kind)+" conversation made", string(conv.ID))
	})
}

func (c *change) addConversation(conv Conversation, members []protocol.UserID) error {
	made, err := c.InsertConversation(c.ctx, queries.InsertConversationParams{
		ID: conv.ID, Kind: string(conv.Kind), Title: conv.Title, Created: c.now, Creator: c.by.Actor,
	})
	if err != nil {
		return wrote(err, "the conversation")
	}
	if made == 0 {
		return ErrConversationTaken
	}
	for _, user := range members {
		if _, err := c.addMember(conv.ID, user); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) addMember(id protocol.ConversationID, user protocol.UserID) (added bool, err error) {
	n, err := c.InsertMember(c.ctx, queries.InsertMemberParams{Conversation: id, UserID: user, Added: c.now})
	return n > 0, wrote(err, "the member")
}

// Conversation returns a conversation's settings, or ErrNoConversation.
func (d *Directory) Conversation(ctx context.Context, id protocol.ConversationID) (Conversation, error) {
	row, err := d.queries.Conversation(ctx, id)
	if err != nil {
		return Conversation{}, read(err, "a conversation", ErrNoConversation)
	}
	return conversationOf(row), nil
}

// Members returns the members of a conversation in the order of their names.
func (d *Directory) Members(ctx context.Context, id protocol.ConversationID) ([]protocol.UserID, error) {
	members, err := d.queries.MembersOf(ctx, id)
	return members, read(err, "the members", nil)
}

// SetTitle gives a conversation another title, or returns ErrNoConversation or ErrConversation.
func (d *Directory) SetTitle(ctx context.Context, by By, id protocol.ConversationID, title string) error {
	if !validTitle(title) {
		return ErrConversation
	}
	return d.change(ctx, by, func(c *change) error {
		n, err := c.Queries.SetTitle(ctx, queries.SetTitleParams{Title: title, ID: id})
		if err != nil {
			return wrote(err, "the title")
		}
		if n == 0 {
			return ErrNoConversation
		}
		return c.done(KindConversation, string(id), "title changed", string(id))
	})
}

// SetMembers makes a private conversation's members those that are given. It returns ErrNoConversation if it is not
// private, or ErrMembers.
func (d *Directory) SetMembers(
	ctx context.Context, by By, id protocol.ConversationID, members []protocol.UserID,
) error {
	if !validMembers(members) {
		return ErrMembers
	}
	return d.change(ctx, by, func(c *change) error {
		row, err := c.Queries.Conversation(ctx, id)
		if err != nil {
			return read(err, "the conversation", ErrNoConversation)
		}
		if ConversationKind(row.Kind) != Private {
			return ErrNoConversation
		}
		before, err := c.MembersOf(ctx, id)
		if err != nil {
			return read(err, "the members", nil)
		}
		return c.replaceMembers(id, before, members)
	})
}

func (c *change) replaceMembers(id protocol.ConversationID, before, after []protocol.UserID) error {
	for _, user := range before {
		if slices.Contains(after, user) {
			continue
		}
		if _, err := c.DeleteMember(c.ctx, queries.DeleteMemberParams{Conversation: id, UserID: user}); err != nil {
			return wrote(err, "the member's end")
		}
		if err := c.audit("member removed", string(id)+" "+string(user)); err != nil {
			return err
		}
	}
	for _, user := range after {
		added, err := c.addMember(id, user)
		if err == nil && added {
			err = c.audit("member added", string(id)+" "+string(user))
		}
		if err != nil {
			return err
		}
	}
	return c.changed(KindConversation, string(id))
}

// OpenDirect returns the direct conversation of people, and makes it if there is none: for the same people always the
// same, in whatever order they are given. It returns ErrDirect.
func (d *Directory) OpenDirect(
	ctx context.Context, by By, people []protocol.UserID,
) (id protocol.ConversationID, err error) {
	people = slices.Compact(slices.Sorted(slices.Values(people)))
	if len(people) < 2 || len(people) > maxDirect || !validMembers(people) {
		return "", ErrDirect
	}
	key := peopleKey(people)
	id, err = d.queries.Direct(ctx, key)
	if err == nil {
		return id, nil
	}
	err = d.change(ctx, by, func(c *change) error {
		var err error
		if id, err = c.Queries.Direct(ctx, key); err == nil {
			return nil // somebody else was faster
		}
		id = protocol.ConversationID(secret.New(directPrefix))
		if err := c.addConversation(Conversation{ID: id, Kind: Direct}, people); err != nil {
			return err
		}
		if err := c.InsertDirect(ctx, queries.InsertDirectParams{People: key, Conversation: id}); err != nil {
			return wrote(err, "the direct conversation")
		}
		return c.done(KindConversation, string(id), "direct conversation made", string(id))
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// peopleKey is one text for the same people. No name has a line feed.
func peopleKey(sorted []protocol.UserID) string {
	var b strings.Builder
	for _, user := range sorted {
		b.WriteString(string(user))
		b.WriteByte('\n')
	}
	return b.String()
}

func validTitle(title string) bool {
	return utf8.ValidString(title) && utf8.RuneCountInString(title) <= maxTitle && !strings.ContainsRune(title, 0)
}

func validMembers(members []protocol.UserID) bool {
	for _, user := range members {
		if !validUser(user) || strings.ContainsAny(string(user), "\x00\n") {
			return false
		}
	}
	return 1 <= len(members) && len(members) <= maxMembers
}

func conversationOf(row queries.Conversation) Conversation {
	return Conversation{
		ID: row.ID, Kind: ConversationKind(row.Kind), Title: row.Title,
		Created: timeOf(row.Created), Creator: row.Creator,
	}
}
