package permissions

import (
	"errors"
	"fmt"
	"strings"

	"verbatim/protocol"
)

// userPlace is where a pattern of a rules file has the user's name.
const userPlace = "{user}"

// maxID is how many bytes a conversation's id has at most.
const maxID = 64

// Pattern says which conversations: an id, a prefix and `*`, or `*`. In a rules file it may have `{user}` once, in
// whose place the subject's name stands. The zero Pattern matches nothing.
type Pattern struct {
	before, after string // around the name, if named
	named         bool   // it has {user}
	open          bool   // it ends in *: anything may follow
}

// ParsePattern parses a pattern of a token or a key, which has no `{user}`.
func ParsePattern(text string) (Pattern, error) {
	if strings.Contains(text, userPlace) {
		return Pattern{}, fmt.Errorf("%q: {user} is for rules files", text)
	}
	return parsePattern(text)
}

// parsePattern parses a pattern of a rules file.
func parsePattern(text string) (Pattern, error) {
	if text == "" {
		return Pattern{}, errors.New(`a pattern is empty: write an id, a prefix and *, or *`)
	}
	rest, open := strings.CutSuffix(text, "*")
	before, after, named := strings.Cut(rest, userPlace)

	sample := before + after
	switch {
	case named:
		sample = before + "u" + after // the shortest that a name can make of it
	case open && rest == "":
		return Pattern{open: true}, nil
	}
	if !protocol.ConversationID(sample).Valid() {
		return Pattern{}, fmt.Errorf("%q is not a pattern: write an id (a to z, 0 to 9 and . _ -, beginning with a "+
			"letter or digit, at most %d bytes), a prefix and *, or *", text, maxID)
	}
	return Pattern{before: before, after: after, named: named, open: open}, nil
}

// String returns the pattern as it was written.
func (p Pattern) String() string {
	text := p.before
	if p.named {
		text += userPlace
	}
	text += p.after
	if p.open {
		text += "*"
	}
	return text
}

// matches reports whether the pattern has the conversation, for this user. The conversation's id must be valid: so a
// name with a letter that no id has, such as `*`, matches none.
func (p Pattern) matches(conversation protocol.ConversationID, user protocol.UserID) bool {
	rest, ok := strings.CutPrefix(string(conversation), p.before)
	if !ok {
		return false
	}
	if p.named {
		if rest, ok = strings.CutPrefix(rest, string(user)); !ok || user == "" {
			return false
		}
		if rest, ok = strings.CutPrefix(rest, p.after); !ok {
			return false
		}
	}
	return p.open || rest == ""
}
