package permissions

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"verbatim/protocol"
)

func mustGrants(t *testing.T, read, write, create, moderate string) Grants {
	t.Helper()
	g, err := ParseGrants(strings.Fields(read), strings.Fields(write), strings.Fields(create), strings.Fields(moderate))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// fixedMembers are the private conversations of a test.
type fixedMembers map[protocol.ConversationID]map[protocol.UserID]Standing

func (m fixedMembers) Standing(c protocol.ConversationID, user protocol.UserID) (Standing, bool) {
	members, private := m[c]
	return members[user], private
}

func (m fixedMembers) Any(user protocol.UserID) bool {
	for c := range m {
		if _, is := m[c][user]; is {
			return true
		}
	}
	return false
}

// may returns the verbs that the subject has, as letters: rwcm.
func may(p *Policy, s *Subject, c protocol.ConversationID) string {
	got := ""
	for _, v := range Verbs() {
		if p.May(s, v, c) {
			got += v.String()[:1]
		}
	}
	return got
}

const directID = "d-abcdefghijklmnopqrstuvwxyz"

func TestWhoMayDoWhat(t *testing.T) {
	members := fixedMembers{
		"hr":     {"ann": Moderator, "bob": Member, "key:ci": Member},
		directID: {"ann": Member, "bob": Member},
	}
	rules := mustRules(t, example+`
[[allow]]
who   = ["guest"]
write = ["lobby"]

[[allow]]
who      = ["user:mod"]
moderate = ["*"]
`)
	account := func(user protocol.UserID) *Subject { return &Subject{User: user, Kind: User, Account: true} }
	admin := &Subject{User: "root", Kind: User, Account: true, Admin: true}
	token := func(user protocol.UserID, g Grants, groups ...string) *Subject {
		return &Subject{User: user, Kind: User, Grants: g, Groups: groups}
	}
	key := func(g Grants) *Subject { return &Subject{User: "key:ci", Kind: Key, Grants: g} }
	guest := &Subject{User: "guest-1", Kind: Guest}
	everything := mustGrants(t, "*", "*", "*", "*")

	withRules := NewPolicy(members, true, rules)
	without := NewPolicy(members, true, nil)
	tokens := NewPolicy(nil, false, nil)
	for _, row := range []struct {
		name         string
		policy       *Policy
		subject      *Subject
		conversation protocol.ConversationID
		want         string
	}{
		{"open mode", nil, nil, "lobby", "rwcm"},
		{"everybody's rule", withRules, account("carl"), "lobby", "r"},
		{"a guest's rule beside everybody's", withRules, guest, "lobby", "rw"},
		{"no rule", withRules, account("carl"), "team-a", ""},
		{"rules take an administrator's rights", withRules, admin, "team-a", ""},
		{"a user's rule", withRules, account("ann"), "team-a", "rw"},
		{"a user's own", withRules, account("ann"), "notes-ann", "rwc"},
		{"another's own", withRules, account("ann"), "notes-bob", ""},
		{"a group", withRules, token("zoe", Grants{}, "dev", "ops"), "team-a", "rw"},
		{"a group's member's own", withRules, token("zoe", Grants{}, "ops"), "notes-zoe", "rwc"},
		{"another group", withRules, token("zoe", Grants{}, "ops2", "op"), "team-a", ""},
		{"a group in other case", withRules, token("zoe", Grants{}, "OPS"), "team-a", ""},
		{"a key", withRules, key(Grants{}), "team-a", "rw"},
		{"a key's own place is no id", withRules, key(Grants{}), "notes-key", ""},
		{"a user whose name is the key's", withRules, token("key:ci", Grants{}), "team-a", ""},
		{"a key named as a user", withRules, &Subject{User: "ann", Kind: Key}, "team-a", ""},
		{"a guest named as a user", withRules, &Subject{User: "ann", Kind: Guest}, "team-a", ""},
		{"a user called *", withRules, token("*", Grants{}, "ops"), "notes-ann", ""},
		{"moderate has read and write", withRules, account("mod"), "team-a", "rwm"},
		{"a token's grants beside the rules", withRules, token("carl", mustGrants(t, "", "lobby", "", "")), "lobby", "rw"},

		{"an account without rules", without, account("carl"), "team-a", "rwc"},
		{"an administrator without rules", without, admin, "team-a", "rwcm"},
		{"a guest without rules", without, guest, "lobby", ""},
		{"a token without rules", without, token("carl", mustGrants(t, "lobby", "", "", "")), "lobby", "r"},
		{"a token's user is no account", without, token("carl", Grants{}), "lobby", ""},
		{"an administrator who is no account", without, &Subject{User: "root", Kind: User, Admin: true}, "lobby", ""},

		{"a private conversation's moderator", withRules, account("ann"), "hr", "rwcm"},
		{"a private conversation's member", withRules, account("bob"), "hr", "rwc"},
		{"a key that is a member", withRules, key(Grants{}), "hr", "rwc"},
		{"an outsider whose rule has everything", withRules, account("mod"), "hr", ""},
		{"an outsider whose token has everything", withRules, token("eve", everything), "hr", ""},
		{"an administrator who is no member", without, admin, "hr", ""},
		{"a member whose token moderates", withRules, token("bob", everything), "hr", "rwcm"},
		{"a direct conversation", without, account("bob"), directID, "rwc"},
		{"nobody moderates it", without, token("bob", everything), directID, "rwc"},
		{"a third person", without, token("eve", everything), directID, ""},
		{"a direct conversation that is not known yet", without, token("ann", everything), "d-22222222222222222222222222", ""},
		{"an id that begins as a direct one", without, account("ann"), "d-short", "rwc"},

		{"tokens alone: nothing", tokens, token("ann", Grants{}), "lobby", ""},
		{"tokens alone: a prefix", tokens, token("ann", mustGrants(t, "team-*", "team-a", "", "")), "team-a", "rw"},
		{"tokens alone: not the prefix itself", tokens, token("ann", mustGrants(t, "team-*", "", "", "")), "team", ""},
		{"tokens alone: create alone", tokens, token("ann", mustGrants(t, "", "", "a", "")), "a", "c"},
		{"tokens alone: all", tokens, token("ann", everything), "x", "rwcm"},
	} {
		if got := may(row.policy, row.subject, row.conversation); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func TestATokenHasAtMost256Patterns(t *testing.T) {
	many := func(n int) []string { return strings.Fields(strings.Repeat("a ", n)) }
	if _, err := ParseGrants(many(64), many(64), many(64), many(64)); err != nil {
		t.Error(err)
	}
	if _, err := ParseGrants(many(64), many(64), many(64), many(65)); err == nil {
		t.Error("257 patterns were taken")
	}
	if _, err := ParseGrants(nil, nil, []string{"a", "{user}"}, nil); err == nil || !strings.HasPrefix(err.Error(), "create: ") {
		t.Errorf("{user} in a token: %v", err)
	}
}

func TestAChangeIsAnnounced(t *testing.T) {
	p := NewPolicy(nil, true, nil)
	changed := p.Changed()
	select {
	case <-changed:
		t.Fatal("a change was announced before there was one")
	default:
	}
	p.Replace(mustRules(t, ""))
	<-changed
	if p.May(&Subject{User: "ann", Kind: User, Account: true}, Read, "lobby") {
		t.Error("the older rules are asked")
	}
	changed = p.Changed()
	p.Announce()
	<-changed
}

func TestWhoIsIdleMayDoNothingAnywhere(t *testing.T) {
	rules := mustRules(t, example+"[[allow]]\nwho = [\"group:none\"]\nread = []\n")
	some := mustRules(t, "[[allow]]\nwho = [\"group:ops\", \"group:none\"]\ncreate = [\"a\"]\n[[allow]]\nwho = [\"*\"]\n")
	token := &Subject{User: "ann", Kind: User}
	for _, row := range []struct {
		name    string
		policy  *Policy
		subject *Subject
		want    bool
	}{
		{"open mode", nil, token, false},
		{"no rules", NewPolicy(nil, false, nil), token, true},
		{"a grant", NewPolicy(nil, false, nil), &Subject{User: "ann", Grants: mustGrants(t, "", "", "x", "")}, false},
		{"an account", NewPolicy(nil, true, nil), &Subject{User: "ann", Account: true}, false},
		{"an account's token", NewPolicy(nil, true, nil), token, true},
		{"everybody's rule", NewPolicy(nil, false, rules), token, false},
		{"a rule that grants nothing", NewPolicy(nil, false, some), token, true},
		{"a group's rule", NewPolicy(nil, false, some), &Subject{User: "ann", Groups: []string{"ops"}}, false},
		{"a member", NewPolicy(fixedMembers{"hr": {"ann": Member}}, false, nil), token, false},
		{"no member", NewPolicy(fixedMembers{"hr": {"bob": Member}}, false, nil), token, true},
	} {
		if got := row.policy.Idle(row.subject); got != row.want {
			t.Errorf("%s: %t", row.name, got)
		}
	}
}

func TestWhyIsExplained(t *testing.T) {
	members := fixedMembers{"hr": {"ann": Member}}
	withRules := NewPolicy(members, true, mustRules(t, example))
	without := NewPolicy(members, true, nil)
	ann := &Subject{User: "ann", Kind: User, Account: true, Grants: mustGrants(t, "a", "", "", "b*")}
	admin := &Subject{User: "root", Kind: User, Account: true, Admin: true}
	for _, row := range []struct {
		policy  *Policy
		subject *Subject
		verb    Verb
		c       protocol.ConversationID
		allowed bool
		want    string
	}{
		{nil, ann, Read, "x", true, "open mode"},
		{withRules, ann, Write, "team-x", true, `rules.toml:6: write = "team-*", for user:ann`},
		{withRules, ann, Create, "notes-ann", true, `rules.toml:6: create = "notes-{user}", for user:ann`},
		{withRules, ann, Read, "news", true, `rules.toml:2: read = "news", for *`},
		{withRules, ann, Read, "bx", true, `the token or key itself: moderate = "b*"`},
		{withRules, ann, Create, "bx", false, "none of the rules of rules.toml grants it: 2 of 2 are for ann"},
		{withRules, ann, Read, "hr", true, "a member of this private conversation"},
		{withRules, admin, Read, "hr", false, "the conversation is private, and root is not a member"},
		{without, ann, Write, "x", true, "an account"},
		{without, ann, Moderate, "x", false, "only administrators moderate"},
		{without, admin, Moderate, "x", true, "an administrator"},
		{without, &Subject{User: "eve", Kind: User}, Read, "x", false, "there is no rules file"},
	} {
		allowed, why := row.policy.Explain(row.subject, row.verb, row.c)
		if allowed != row.allowed || !strings.Contains(why, row.want) {
			t.Errorf("%s in %s: %t, %q; want %t, %q", row.verb, row.c, allowed, why, row.allowed, row.want)
		}
		if allowed != row.policy.May(row.subject, row.verb, row.c) {
			t.Errorf("%s in %s: Explain and May do not agree", row.verb, row.c)
		}
	}
}

func TestExplainAlwaysAgreesWithMay(t *testing.T) {
	policies := []*Policy{
		NewPolicy(fixedMembers{"hr": {"ann": Member, "bob": Moderator}}, true, mustRules(t, example)),
		NewPolicy(fixedMembers{"hr": {"ann": Member, "bob": Moderator}}, true, nil), NewPolicy(nil, false, nil), nil,
	}
	grants := []Grants{{}, mustGrants(t, "team-*", "", "x", "hr"), mustGrants(t, "*", "*", "*", "*")}
	rapid.Check(t, func(t *rapid.T) {
		s := &Subject{
			User:   rapid.SampledFrom([]protocol.UserID{"ann", "bob", "eve", "*", "key:ci"}).Draw(t, "user"),
			Kind:   rapid.SampledFrom([]Kind{Guest, User, Key}).Draw(t, "kind"),
			Groups: rapid.SliceOfN(rapid.SampledFrom([]string{"ops", "dev"}), 0, 2).Draw(t, "groups"),
			Grants: rapid.SampledFrom(grants).Draw(t, "grants"),
		}
		s.Account, s.Admin = rapid.Bool().Draw(t, "account"), rapid.Bool().Draw(t, "admin")
		c := rapid.SampledFrom([]protocol.ConversationID{"hr", "team-a", "x", "notes-ann", directID}).Draw(t, "c")
		p := rapid.SampledFrom(policies).Draw(t, "policy")
		v := rapid.SampledFrom(Verbs()).Draw(t, "verb")
		if allowed, why := p.Explain(s, v, c); allowed != p.May(s, v, c) || why == "" {
			t.Fatalf("May says %t, Explain %t: %s", p.May(s, v, c), allowed, why)
		}
	})
}

// costly is a policy and a subject that May has most work with.
func costly(t testing.TB) (*Policy, *Subject) {
	var text strings.Builder
	for range 20 {
		text.WriteString("[[allow]]\nwho = [\"user:x\", \"group:y\"]\nread = [\"zz-*\", \"notes-{user}\"]\n")
	}
	text.WriteString("[[allow]]\nwho = [\"group:ops\"]\nread = [\"a\", \"b-{user}-*\"]\n")
	rules, err := ParseRules("rules.toml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return NewPolicy(fixedMembers{"hr": {}}, true, rules), &Subject{User: "ann", Kind: User, Groups: []string{"dev", "ops"}}
}

func TestMayAllocatesNothing(t *testing.T) {
	p, s := costly(t)
	for _, c := range []protocol.ConversationID{"b-ann-x", "nothing", "hr", directID} {
		for _, v := range Verbs() {
			if n := testing.AllocsPerRun(100, func() { p.May(s, v, c) }); n != 0 {
				t.Errorf("%s in %s: %v allocations", v, c, n)
			}
		}
	}
	if !p.May(s, Read, "b-ann-x") {
		t.Error("the rule that was to be found is not")
	}
}

func BenchmarkMay(b *testing.B) {
	few := Subject{User: "ann", Kind: User}
	few.Grants, _ = ParseGrants([]string{"lobby", "team-*"}, []string{"team-a"}, nil, nil)
	b.Run("token", func(b *testing.B) {
		p := NewPolicy(nil, false, nil)
		b.ReportAllocs()
		for b.Loop() {
			p.May(&few, Read, "team-a")
		}
	})
	b.Run("21 rules", func(b *testing.B) {
		p, s := costly(b)
		b.ReportAllocs()
		for b.Loop() {
			p.May(s, Read, "b-ann-x")
		}
	})
}
