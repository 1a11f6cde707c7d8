package permissions

import (
	"fmt"

	"verbatim/protocol"
)

// MaxPatterns is how many patterns a token or a key has at most, all verbs together.
const MaxPatterns = 256

// Grants are the patterns of each verb. The zero Grants grant nothing.
type Grants struct {
	Read, Write, Create, Moderate []Pattern
}

// ParseGrants parses the patterns of a token or a key. The error says which verb's pattern is wrong.
func ParseGrants(read, write, create, moderate []string) (Grants, error) {
	if n := len(read) + len(write) + len(create) + len(moderate); n > MaxPatterns {
		return Grants{}, fmt.Errorf("at most %d patterns are allowed: these are %d", MaxPatterns, n)
	}
	var parsed [verbs][]Pattern
	for verb, texts := range [verbs][]string{read, write, create, moderate} {
		for _, text := range texts {
			pattern, err := ParsePattern(text)
			if err != nil {
				return Grants{}, fmt.Errorf("%s: %w", Verb(verb), err)
			}
			parsed[verb] = append(parsed[verb], pattern)
		}
	}
	return Grants{Read: parsed[Read], Write: parsed[Write], Create: parsed[Create], Moderate: parsed[Moderate]}, nil
}

// empty reports whether nothing is granted.
func (g *Grants) empty() bool {
	return len(g.Read) == 0 && len(g.Write) == 0 && len(g.Create) == 0 && len(g.Moderate) == 0
}

// of returns the verb's own patterns.
func (g *Grants) of(v Verb) []Pattern {
	switch v {
	case Read:
		return g.Read
	case Write:
		return g.Write
	case Create:
		return g.Create
	case Moderate:
		return g.Moderate
	}
	return nil
}

// find returns the verb and the place of the pattern that grants v, or false. Moderate grants Read and Write too.
func (g *Grants) find(v Verb, c protocol.ConversationID, user protocol.UserID) (by Verb, at int, ok bool) {
	if at, ok = findIn(g.of(v), c, user); ok {
		return v, at, true
	}
	if v == Read || v == Write {
		at, ok = findIn(g.Moderate, c, user)
		return Moderate, at, ok
	}
	return v, 0, false
}

func findIn(patterns []Pattern, c protocol.ConversationID, user protocol.UserID) (at int, ok bool) {
	for i := range patterns {
		if patterns[i].matches(c, user) {
			return i, true
		}
	}
	return 0, false
}
