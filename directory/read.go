package directory

import (
	"context"

	"verbatim/directory/secret"
	"verbatim/protocol"
)

// readAll reads everything. The version comes first: what is changed meanwhile is read again with the next changes.
func (d *Directory) readAll(ctx context.Context, s *State) error {
	version, err := d.queries.Version(ctx)
	if err != nil {
		return read(err, "the version", nil)
	}
	fresh := State{version: version}
	for _, step := range []func(context.Context, *State) error{
		d.readUsers, d.readSignIns, d.readKeys, d.readTokens, d.readConversations,
	} {
		if err := step(ctx, &fresh); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version = fresh.version
	s.users, s.signIns = fresh.users, fresh.signIns
	s.keys, s.keyHashes, s.keyMarks = fresh.keys, fresh.keyHashes, fresh.keyMarks
	s.tokens, s.tokenMarks = fresh.tokens, fresh.tokenMarks
	s.conversations = fresh.conversations
	return nil
}

func (d *Directory) readUsers(ctx context.Context, s *State) error {
	s.users = map[protocol.UserID]User{}
	accounts, err := d.queries.Accounts(ctx)
	if err != nil {
		return read(err, "the accounts", nil)
	}
	for _, row := range accounts {
		s.users[row.ID] = User{Account: true, Admin: row.Admin}
	}
	blocks, err := d.queries.Blocks(ctx)
	if err != nil {
		return read(err, "the blocked users", nil)
	}
	for _, row := range blocks {
		u := s.users[row.UserID]
		u.Blocked = true
		s.users[row.UserID] = u
	}
	revocations, err := d.queries.UserRevocations(ctx)
	if err != nil {
		return read(err, "the revocations", nil)
	}
	for _, row := range revocations {
		u := s.users[row.UserID]
		u.Revoked = timeOf(row.Until)
		s.users[row.UserID] = u
	}
	return nil
}

func (d *Directory) readSignIns(ctx context.Context, s *State) error {
	s.signIns = map[Hash]*SignIn{}
	rows, err := d.queries.SignIns(ctx)
	if err != nil {
		return read(err, "the sign-ins", nil)
	}
	for _, row := range rows {
		signIn := signInOf(row)
		s.signIns[row.Hash] = &signIn
		u := s.users[row.Account]
		u.signIns = append(u.signIns, row.Hash)
		s.users[row.Account] = u
	}
	return nil
}

func (d *Directory) readKeys(ctx context.Context, s *State) error {
	s.keys, s.keyHashes, s.keyMarks = map[Hash]*Key{}, map[string]Hash{}, map[uint64]struct{}{}
	keys, err := d.Keys(ctx)
	for i := range keys {
		s.putKey(&keys[i])
	}
	return err
}

// putKey puts a key in. mu is held, or the state is nobody else's yet.
func (s *State) putKey(key *Key) {
	s.keys[key.Hash] = key
	s.keyHashes[key.ID] = key.Hash
	s.keyMarks[secret.Mark(key.ID)] = struct{}{}
}

func (d *Directory) readTokens(ctx context.Context, s *State) error {
	s.tokens, s.tokenMarks = map[string]struct{}{}, map[uint64]struct{}{}
	rows, err := d.queries.TokenRevocations(ctx)
	for _, row := range rows {
		s.tokens[row.TokenID] = struct{}{}
		s.tokenMarks[secret.Mark(row.TokenID)] = struct{}{}
	}
	return read(err, "the revoked tokens", nil)
}

func (d *Directory) readConversations(ctx context.Context, s *State) error {
	s.conversations = map[protocol.ConversationID]*Settings{}
	rows, err := d.queries.Conversations(ctx)
	if err != nil {
		return read(err, "the conversations", nil)
	}
	members, err := d.queries.Members(ctx)
	if err != nil {
		return read(err, "the members", nil)
	}
	for _, row := range rows {
		s.conversations[row.ID] = &Settings{Conversation: conversationOf(row), members: map[protocol.UserID]struct{}{}}
	}
	for _, row := range members {
		if room := s.conversations[row.Conversation]; room != nil { // else it was made after the rooms were read
			room.members[row.UserID] = struct{}{}
		}
	}
	return nil
}
