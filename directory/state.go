package directory

import (
	"maps"
	"slices"
	"sync"
	"time"

	"verbatim/protocol"
)

// State is what decisions need of a directory, in memory. Each answer is given at once and allocates nothing. What a
// method of the Directory has changed, its State knows before that method returns; what another process has changed,
// within a second (Follow).
//
// What a method returns by pointer is not changed any more: a change puts another one in its place.
type State struct {
	mu sync.RWMutex
	// Guarded by mu.
	version       int64
	users         map[protocol.UserID]User
	signIns       map[Hash]*SignIn
	keys          map[Hash]*Key
	keyHashes     map[string]Hash     // by the key's id
	keyMarks      map[uint64]struct{} // of the keys' ids
	tokens        map[string]struct{} // that are revoked, by their jti
	tokenMarks    map[uint64]struct{} // their marks
	conversations map[protocol.ConversationID]*Settings

	watching sync.Mutex
	watchers []func([]Change) // Guarded by watching
}

// User is what is known of a user, with or without an account.
type User struct {
	Account bool
	Admin   bool
	Blocked bool
	Revoked time.Time // tokens that were issued until then are refused; zero: none is

	signIns []Hash
}

// Settings are a conversation and its members.
type Settings struct {
	Conversation
	members map[protocol.UserID]struct{}
}

// Has reports whether a user is a member. A public conversation has none.
func (r *Settings) Has(user protocol.UserID) bool {
	_, member := r.members[user]
	return member
}

// Len returns how many members there are.
func (r *Settings) Len() int { return len(r.members) }

// Version is how far the state has come. It only grows.
func (s *State) Version() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.version
}

// User returns what is known of a user: the zero value if nothing is.
func (s *State) User(id protocol.UserID) User {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.users[id]
}

// Blocked reports whether a user is let in no more.
func (s *State) Blocked(id protocol.UserID) bool { return s.User(id).Blocked }

// Revoked reports whether a token is refused: by its id, or because its user's tokens were revoked when or after it was
// issued. A token that does not say when it was issued (zero) counts as older than any revocation.
func (s *State) Revoked(user protocol.UserID, issued time.Time, tokenID string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if until := s.users[user].Revoked; !until.IsZero() && !issued.After(until) {
		return true
	}
	_, revoked := s.tokens[tokenID]
	return revoked && tokenID != ""
}

// RevokedMark is Revoked for who kept of the token's id no more than its mark (secret.Mark).
func (s *State) RevokedMark(user protocol.UserID, issued time.Time, mark uint64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if until := s.users[user].Revoked; !until.IsZero() && !issued.After(until) {
		return true
	}
	_, revoked := s.tokenMarks[mark]
	return revoked && mark != 0
}

// KeyMark reports whether there is an API key with this mark of its id.
func (s *State) KeyMark(mark uint64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, there := s.keyMarks[mark]
	return there
}

// Key returns the API key of a secret's hash, or nil. It may have ended (Over).
func (s *State) Key(hash Hash) *Key {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.keys[hash]
}

// SignIn returns the sign-in of a cookie's hash, or nil. It may have ended (Over), and its account may be blocked.
func (s *State) SignIn(hash Hash) *SignIn {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.signIns[hash]
}

// Settings returns the settings of a conversation, or nil if it has none: then it is public.
func (s *State) Settings(id protocol.ConversationID) *Settings {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.conversations[id]
}

// Private returns the members of a conversation in which only members may do anything, or nil if it is public.
func (s *State) Private(id protocol.ConversationID) *Settings {
	if room := s.Settings(id); room != nil && room.Kind != Public {
		return room
	}
	return nil
}

// MemberOfAny reports whether a user is a member of any conversation. It looks at all of them.
func (s *State) MemberOfAny(user protocol.UserID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, room := range s.conversations {
		if room.Has(user) {
			return true
		}
	}
	return false
}

// Members returns the members in the order of their names.
func (r *Settings) Members() []protocol.UserID { return slices.Sorted(maps.Keys(r.members)) }

// Watch has f called with what has changed, after the state has it, by one goroutine at a time. f must not wait, nor
// change the directory. It may be called before anything else, and cannot be taken back.
func (s *State) Watch(f func([]Change)) {
	s.watching.Lock()
	defer s.watching.Unlock()
	s.watchers = append(s.watchers, f)
}

func (s *State) tell(changes []Change) {
	s.watching.Lock()
	watchers := s.watchers
	s.watching.Unlock()
	for _, f := range watchers {
		f(changes)
	}
}
