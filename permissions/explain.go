package permissions

import (
	"fmt"

	"verbatim/protocol"
)

// Explain returns what May answers, and why, in words for an operator: which rule grants it, or why nothing does. The
// conversation's id must be valid.
func (p *Policy) Explain(s *Subject, v Verb, c protocol.ConversationID) (allowed bool, why string) {
	if p == nil {
		return true, "open mode: everybody may do everything"
	}
	d := p.decide(s, v, c)
	switch d.cause {
	case causeOutsider:
		return false, "the conversation is private, and " + string(s.User) + " is not a member"
	case causeMember:
		if !d.allowed {
			return false, "nobody moderates a direct conversation"
		}
		return true, "a member of this private conversation"
	case causeGrant:
		return true, fmt.Sprintf("the token or key itself: %s = %q", d.by, s.Grants.of(d.by)[d.pattern])
	case causeRule:
		r := &d.rules.allow[d.rule]
		return true, fmt.Sprintf("%s:%d: %s = %q, for %s", d.rules.name, r.line, d.by, r.grants.of(d.by)[d.pattern],
			r.who[d.who])
	case causeAccount:
		return true, "an account; without a rules file, accounts may do this in every public conversation"
	case causeAdmin:
		return true, "an administrator; without a rules file, administrators moderate every public conversation"
	case causeNone:
	}
	return false, p.whyNot(s)
}

// whyNot returns why nothing grants what the subject wants.
func (p *Policy) whyNot(s *Subject) string {
	rules := p.rules.Load()
	switch {
	case rules == nil && s.Account:
		return "without a rules file, only administrators moderate"
	case rules == nil:
		return "there is no rules file, and no grant of the token or key says so"
	}
	mentioned := 0
	for i := range rules.allow {
		if _, ok := rules.allow[i].taking(s); ok {
			mentioned++
		}
	}
	return fmt.Sprintf("none of the rules of %s grants it: %d of %d are for %s", rules.name, mentioned,
		len(rules.allow), s.User)
}
