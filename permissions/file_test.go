package permissions

import (
	"regexp"
	"strings"
	"testing"
)

const example = `# who may do what
[[allow]]
who  = ["*"]
read = ["lobby", "news"]

[[allow]]
who      = ["user:ann", "key:ci", "group:ops"]
read     = ["team-*", "notes-{user}"]
write    = ["team-*", "notes-{user}"]
create   = ["notes-{user}"]
moderate = []
`

func mustRules(t *testing.T, text string) *Rules {
	t.Helper()
	rules, err := ParseRules("rules.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func TestRulesKnowTheirLines(t *testing.T) {
	rules := mustRules(t, example)
	if len(rules.allow) != 2 || rules.allow[0].line != 2 || rules.allow[1].line != 6 {
		t.Errorf("%+v", rules.allow)
	}
}

func TestAnEmptyRulesFileGrantsNothing(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "\n\n"} {
		p := NewPolicy(nil, true, mustRules(t, text))
		if p.May(&Subject{User: "ann", Kind: User, Account: true, Admin: true}, Read, "lobby") {
			t.Errorf("%q grants", text)
		}
	}
}

func TestABrokenRulesFileIsRefusedWithItsLine(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"no TOML", "[[allow]]\nwho = [\"*\"\nread = 1\n", `^rules\.toml:[23]: `},
		{"a number", "[[allow]]\nwho = [\"*\"]\nread = 7\n", `^rules\.toml:3: `},
		{"a text for a list", "[[allow]]\nwho = \"*\"\n", `^rules\.toml:2: `},
		{"a number in a list", "[[allow]]\nwho = [\"*\"]\nread = [\"a\", 1]\n", `^rules\.toml:3: `},
		{"a list in a list", "[[allow]]\nwho = [[\"*\"]]\n", `^rules\.toml:2: `},
		{"no pattern", "[[allow]]\nwho = [\"*\"]\nread = [\n  \"lobby\",\n  \"Team\",\n]\n", `^rules\.toml:5: .*"Team" is not a pattern`},
		{"an empty pattern", "[[allow]]\nwho = [\"*\"]\nread = [\"\"]\n", `^rules\.toml:3: .*empty`},
		{"the user twice", "[[allow]]\nwho = [\"*\"]\nread = [\"{user}-{user}\"]\n", `^rules\.toml:3: `},
		{"an unknown verb", "[[allow]]\nwho = [\"*\"]\n\ndelete = [\"lobby\"]\n", `^rules\.toml:4: delete is not known`},
		{"deny", "[[deny]]\nwho = [\"*\"]\n", `^rules\.toml:1: deny is not known`},
		{"a verb in other case", "[[allow]]\nwho = [\"*\"]\nRead = [\"lobby\"]\n", `^rules\.toml:3: `},
		{"a verb twice", "[[allow]]\nwho = [\"*\"]\nread = [\"a\"]\nread = [\"b\"]\n", `^rules\.toml:4: `},
		{"nobody", "[[allow]]\nread = [\"lobby\"]\n", `^rules\.toml:1: this rule has no who`},
		{"nobody in a list", "\n[[allow]]\nwho = []\n", `^rules\.toml:2: this rule has no who`},
		{"unknown who", "[[allow]]\nwho = [\"ann\"]\n", `^rules\.toml:2: .*"ann" says nobody`},
		{"who in other case", "[[allow]]\nwho = [\"User:ann\"]\n", `^rules\.toml:2: .*says nobody`},
		{"an empty who", "[[allow]]\nwho = [\"\"]\n", `^rules\.toml:2: .*empty`},
		{"no user", "[[allow]]\nwho = [\"user:\"]\n", `^rules\.toml:2: .*says nobody`},
		{"a name not in normal form", "[[allow]]\nwho = [\"user:ann  b\"]\n", `^rules\.toml:2: .*normal form`},
		{"a name that is none", "[[allow]]\nwho = [\"user:\\u202E\"]\n", `^rules\.toml:2: `},
		{"one table", "[allow]\nwho = [\"*\"]\n", `^rules\.toml:1: `},
		{"inline", "allow = [{who = [\"*\"], read = [\"lobby\"]}]\n", `^rules\.toml:1: `},
		{"not UTF-8", "[[allow]]\nwho = [\"\xff\"]\n", `^rules\.toml:[12]: `},
		{"a zero byte", "[[allow]]\nwho = [\"*\"]\n\x00", `^rules\.toml:\d+: `},
	} {
		rules, err := ParseRules("rules.toml", []byte(row.text))
		switch {
		case err == nil:
			t.Errorf("%s: it was taken: %+v", row.name, rules)
		case !regexp.MustCompile(row.want).MatchString(err.Error()) || strings.Contains(err.Error(), "\n"):
			t.Errorf("%s: %q does not match %s, or has more than a line", row.name, err, row.want)
		}
	}
}

// FuzzParseRules looks for a file that stops the server, or whose error does not say where.
func FuzzParseRules(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte("[[allow]]\nwho = [[\"*\"]]\n"))
	f.Add([]byte("allow = [{who = [\"*\"]}]\n[[allow]]\n"))
	f.Add([]byte("[allow]\n[[allow.who]]\n"))
	line := regexp.MustCompile(`^rules\.toml:[1-9][0-9]*: [^\n]+$`)
	f.Fuzz(func(t *testing.T, text []byte) {
		rules, err := ParseRules("rules.toml", text)
		if err != nil {
			if !line.MatchString(err.Error()) {
				t.Errorf("the error is not one line with a place: %q", err)
			}
			return
		}
		for _, r := range rules.allow {
			if r.line < 1 || r.line > 1+strings.Count(string(text), "\n") {
				t.Errorf("a rule is at line %d", r.line)
			}
		}
	})
}
