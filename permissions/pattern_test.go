package permissions

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"verbatim/protocol"
)

func TestAPatternIsAnIDAPrefixOrEverything(t *testing.T) {
	for _, text := range []string{
		"*", "lobby", "team-*", "a*", "9.x_y-*", strings.Repeat("a", 64), strings.Repeat("a", 64) + "*",
	} {
		p, err := ParsePattern(text)
		if err != nil || p.String() != text {
			t.Errorf("%q: %q, %v", text, p, err)
		}
	}
	for _, text := range []string{
		"", "**", "-a", "-*", "a**", "*a", "a*b", "A", "team *", "é", "a/b", "../*", "{user}", "notes-{user}", "{USER}",
		"{user", "a\x00", strings.Repeat("a", 65), strings.Repeat("a", 65) + "*", "!a", "team-?", ".", ".*", "_*", " *",
	} {
		if p, err := ParsePattern(text); err == nil {
			t.Errorf("%q was taken as %q", text, p)
		}
	}
}

func TestARulesFileMayNameTheUserOnce(t *testing.T) {
	for _, text := range []string{"{user}", "{user}*", "notes-{user}", "{user}-notes", "a.{user}.b*"} {
		p, err := parsePattern(text)
		if err != nil || p.String() != text {
			t.Errorf("%q: %q, %v", text, p, err)
		}
	}
	for _, text := range []string{"{user}{user}", "a-{user}-{user}", "-{user}", "{user}*x", "{group}", "{ user }"} {
		if p, err := parsePattern(text); err == nil {
			t.Errorf("%q was taken as %q", text, p)
		}
	}
}

func TestWhatAPatternMatches(t *testing.T) {
	for _, row := range []struct {
		pattern, user, conversation string
		want                        bool
	}{
		{"*", "ann", "lobby", true},
		{"lobby", "ann", "lobby", true},
		{"lobby", "ann", "lobby2", false},
		{"lobby", "ann", "lobb", false},
		{"team-*", "ann", "team-a", true},
		{"team-*", "ann", "team-", true},
		{"team-*", "ann", "team", false},
		{"team-*", "ann", "team.a", false},
		{"notes-{user}", "ann", "notes-ann", true},
		{"notes-{user}", "ann", "notes-anna", false},
		{"notes-{user}", "anna", "notes-ann", false},
		{"notes-{user}", "Ann", "notes-ann", false},
		{"notes-{user}", "*", "notes-bob", false},
		{"notes-{user}", "*", "notes-", false},
		{"notes-{user}", "", "notes-", false},
		{"{user}", "*", "lobby", false},
		{"{user}", "team-a*", "team-ab", false},
		{"{user}", "team-a*", "team-a", false},
		{"{user}*", "team-a*", "team-ab", false},
		{"{user}*", "ann", "ann-diary", true},
		{"{user}", "{user}", "lobby", false},
		{"a.{user}.b*", "ann", "a.ann.bcd", true},
		{"a.{user}.b*", "ann", "a.ann.cd", false},
		{"{user}-x", "a-x", "a-x", false},
		{"{user}-x", "a-x", "a-x-x", true},
	} {
		p, err := parsePattern(row.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.matches(protocol.ConversationID(row.conversation), protocol.UserID(row.user)); got != row.want {
			t.Errorf("%q has %q, for the user %q: %t", row.pattern, row.conversation, row.user, got)
		}
	}
	if (Pattern{}).matches("lobby", "ann") {
		t.Error("the zero Pattern matches")
	}
}

// slowMatch is matches in another way: the name is put into the text, and a regular expression is made of it.
func slowMatch(pattern, user, conversation string) bool {
	text := pattern
	if strings.Contains(text, userPlace) {
		text = strings.ReplaceAll(text, userPlace, user)
		whole := strings.TrimSuffix(text, "*")
		if strings.HasSuffix(pattern, "*") != strings.HasSuffix(text, "*") || user == "" ||
			!protocol.ConversationID(whole).Valid() {
			return false
		}
	}
	prefix, open := strings.CutSuffix(text, "*")
	expression := "^" + regexp.QuoteMeta(prefix)
	if !open {
		expression += "$"
	}
	return regexp.MustCompile(expression).MatchString(conversation)
}

func TestMatchesAgreesWithARegularExpression(t *testing.T) {
	short := rapid.StringMatching(`[ab][ab-]{0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.OneOf(
			rapid.Just("*"), short, rapid.Map(short, func(s string) string { return s + "*" }),
			rapid.Map(short, func(s string) string { return s + userPlace }),
			rapid.Map(short, func(s string) string { return userPlace + s }),
			rapid.Map(short, func(s string) string { return s + userPlace + s + "*" }),
			rapid.Just(userPlace), rapid.Just(userPlace+"*"),
		).Draw(t, "pattern")
		user := rapid.OneOf(rapid.StringMatching(`[ab*-]{1,4}`), rapid.Just("{user}")).Draw(t, "user")
		conversation := rapid.StringMatching(`[ab][ab-]{0,9}`).Draw(t, "conversation")

		p, err := parsePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		got := p.matches(protocol.ConversationID(conversation), protocol.UserID(user))
		if want := slowMatch(pattern, user, conversation); got != want {
			t.Fatalf("%q has %q, for the user %q: %t, want %t", pattern, conversation, user, got, want)
		}
	})
}
