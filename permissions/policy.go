package permissions

import (
	"strings"
	"sync"
	"sync/atomic"

	"verbatim/protocol"
)

// Policy decides. Its rules may be replaced while it is used. Safe for concurrent use; a nil Policy allows everything,
// which is open mode.
type Policy struct {
	members  Members // nil: there are no private conversations
	accounts bool    // the server has accounts
	rules    atomic.Pointer[Rules]

	generation atomic.Uint64 // counts changes

	mu      sync.Mutex
	changed chan struct{} // guarded by mu; closed at the next change
}

// NewPolicy returns a policy. members is nil if there are no private conversations. accounts says whether the server
// has accounts, who without rules may read, write and create in every public conversation. rules is nil without a rules
// file.
func NewPolicy(members Members, accounts bool, rules *Rules) *Policy {
	p := &Policy{members: members, accounts: accounts, changed: make(chan struct{})}
	p.rules.Store(rules)
	return p
}

// Know has the policy ask for private conversations. It is called before May.
func (p *Policy) Know(members Members) { p.members = members }

// Replace replaces the rules.
func (p *Policy) Replace(rules *Rules) {
	p.rules.Store(rules)
	p.Announce()
}

// Announce says that an answer of May may be another one from now on: the rules, or what Members answers, has changed.
func (p *Policy) Announce() {
	p.generation.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.changed)
	p.changed = make(chan struct{})
}

// Changed returns a channel that is closed at the next change. Who asks May again after each change must call Changed
// before May, so that no change is missed.
func (p *Policy) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

// Generation returns a number that is another one after each change. Who keeps an answer of May must ask for the
// generation before May, and ask May again once it is another one. It costs one atomic load.
func (p *Policy) Generation() uint64 { return p.generation.Load() }

// May reports whether the subject may do this in the conversation, whose id must be valid. It does not matter whether
// the conversation exists. It allocates nothing.
func (p *Policy) May(s *Subject, v Verb, c protocol.ConversationID) bool {
	if p == nil {
		return true
	}
	return p.decide(s, v, c).allowed
}

// Idle reports whether the subject may do nothing at all, in no conversation.
func (p *Policy) Idle(s *Subject) bool {
	if p == nil || !s.Grants.empty() || p.members != nil && p.members.Any(s.User) {
		return false
	}
	rules := p.rules.Load()
	if rules == nil {
		return !p.accounts || !s.Account
	}
	for i := range rules.allow {
		if _, ok := rules.allow[i].taking(s); ok && !rules.allow[i].grants.empty() {
			return false
		}
	}
	return true
}

// cause is why a decision is what it is.
type cause uint8

const (
	causeNone     cause = iota // nothing grants it
	causeOutsider              // a private conversation, and the subject is no member
	causeMember                // a member of a private conversation
	causeGrant                 // the token's or key's own patterns
	causeRule                  // a rule
	causeAccount               // an account of a server without rules
	causeAdmin                 // an administrator of a server without rules
)

// decision is whether, and why. It has no pointer that was not there before, so that it costs no allocation.
type decision struct {
	allowed bool
	cause   cause
	rules   *Rules
	rule    int  // in rules.allow
	who     int  // in the rule's who
	by      Verb // whose pattern grants it
	pattern int  // in that verb's patterns
}

func (p *Policy) decide(s *Subject, v Verb, c protocol.ConversationID) decision {
	if p.members != nil {
		if standing, private := p.members.Standing(c, s.User); private {
			return p.decidePrivate(standing, s, v, c)
		}
	}
	if isDirect(c) {
		return decision{cause: causeOutsider}
	}
	return p.decidePublic(s, v, c)
}

// decidePrivate decides in a private or direct conversation. A member may moderate there if it is the conversation's
// own moderator, or if a pattern says so.
func (p *Policy) decidePrivate(standing Standing, s *Subject, v Verb, c protocol.ConversationID) decision {
	switch {
	case standing == Outsider:
		return decision{cause: causeOutsider}
	case v != Moderate || standing == Moderator:
		return decision{allowed: true, cause: causeMember}
	case isDirect(c):
		return decision{cause: causeMember}
	}
	return p.decidePublic(s, v, c)
}

func (p *Policy) decidePublic(s *Subject, v Verb, c protocol.ConversationID) decision {
	if by, at, ok := s.Grants.find(v, c, s.User); ok {
		return decision{allowed: true, cause: causeGrant, by: by, pattern: at}
	}
	rules := p.rules.Load()
	if rules == nil {
		return p.decideWithoutRules(s, v)
	}
	for i := range rules.allow {
		r := &rules.allow[i]
		at, ok := r.taking(s)
		if !ok {
			continue
		}
		if by, pattern, ok := r.grants.find(v, c, s.User); ok {
			return decision{allowed: true, cause: causeRule, rules: rules, rule: i, who: at, by: by, pattern: pattern}
		}
	}
	return decision{}
}

func (p *Policy) decideWithoutRules(s *Subject, v Verb) decision {
	switch {
	case !p.accounts || !s.Account:
		return decision{}
	case v != Moderate:
		return decision{allowed: true, cause: causeAccount}
	case s.Admin:
		return decision{allowed: true, cause: causeAdmin}
	}
	return decision{}
}

// directPrefix and directLength are those of a direct conversation's id: d- and 26 random characters.
const (
	directPrefix = "d-"
	directLength = len(directPrefix) + 26
)

// isDirect reports whether the id has the form of a direct conversation's. Such an id is nobody's but its members',
// also on a node that has not heard of the conversation yet.
func isDirect(c protocol.ConversationID) bool {
	return len(c) == directLength && strings.HasPrefix(string(c), directPrefix)
}
