package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"verbatim/directory/queries"
	"verbatim/directory/secret"
	"verbatim/protocol"
)

// readAgain reads one thing again, and puts it into the state.
func (d *Directory) readAgain(ctx context.Context, s *State, change Change) error {
	switch change.Kind {
	case KindUser:
		return d.readUser(ctx, s, protocol.UserID(change.Subject))
	case KindKey:
		return d.readKey(ctx, s, change.Subject)
	case KindToken:
		return d.readToken(ctx, s, change.Subject)
	case KindConversation:
		return d.readConversation(ctx, s, protocol.ConversationID(change.Subject))
	}
	return fmt.Errorf("directory: a change of %q is unknown to this program: use a newer verbatim", change.Kind)
}

func (d *Directory) readUser(ctx context.Context, s *State, id protocol.UserID) error {
	var u User
	account, err := d.queries.Account(ctx, id)
	if err == nil {
		u.Account, u.Admin = true, account.Admin
	} else if !errors.Is(err, sql.ErrNoRows) {
		return read(err, "an account", nil)
	}
	if _, err = d.queries.Block(ctx, id); err == nil {
		u.Blocked = true
	} else if !errors.Is(err, sql.ErrNoRows) {
		return read(err, "a block", nil)
	}
	until, err := d.queries.UserRevocation(ctx, id)
	if err == nil {
		u.Revoked = timeOf(until)
	} else if !errors.Is(err, sql.ErrNoRows) {
		return read(err, "a revocation", nil)
	}
	signIns, err := d.queries.SignInsOf(ctx, id)
	if err != nil {
		return read(err, "the sign-ins", nil)
	}
	s.putUser(id, u, signIns)
	return nil
}

func (s *State) putUser(id protocol.UserID, u User, signIns []queries.SignIn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, hash := range s.users[id].signIns {
		delete(s.signIns, hash)
	}
	for _, row := range signIns {
		signIn := signInOf(row)
		s.signIns[row.Hash] = &signIn
		u.signIns = append(u.signIns, row.Hash)
	}
	s.users[id] = u
	if !u.Account && !u.Blocked && u.Revoked.IsZero() {
		delete(s.users, id)
	}
}

func (d *Directory) readKey(ctx context.Context, s *State, id string) error {
	row, err := d.queries.Key(ctx, id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return read(err, "an API key", nil)
	}
	there := err == nil
	var key Key
	if there {
		if key, err = keyOf(row); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, s.keyHashes[id])
	delete(s.keyHashes, id)
	delete(s.keyMarks, secret.Mark(id))
	if there {
		s.putKey(&key)
	}
	return nil
}

func (d *Directory) readToken(ctx context.Context, s *State, id string) error {
	_, err := d.queries.TokenRevocation(ctx, id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return read(err, "a revoked token", nil)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		delete(s.tokens, id)
		delete(s.tokenMarks, secret.Mark(id))
		return nil
	}
	s.tokens[id] = struct{}{}
	s.tokenMarks[secret.Mark(id)] = struct{}{}
	return nil
}

func (d *Directory) readConversation(ctx context.Context, s *State, id protocol.ConversationID) error {
	row, err := d.queries.Conversation(ctx, id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return read(err, "a conversation", nil)
	}
	there := err == nil
	members, err := d.queries.MembersOf(ctx, id)
	if err != nil {
		return read(err, "the members", nil)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !there {
		delete(s.conversations, id)
		return nil
	}
	room := &Settings{Conversation: conversationOf(row), members: make(map[protocol.UserID]struct{}, len(members))}
	for _, user := range members {
		room.members[user] = struct{}{}
	}
	s.conversations[id] = room
	return nil
}
