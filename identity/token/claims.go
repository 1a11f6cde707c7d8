package token

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"verbatim/identity"
	"verbatim/permissions"
	"verbatim/protocol"
)

// maxTexts bounds the groups of a token, and the audiences.
const maxTexts = 256

// maxID is the most bytes of a `jti`.
const maxID = 256

// claims are what a token says, each of the right kind. Whether it is true now is for identify.
type claims struct {
	user      protocol.UserID
	name      string
	expires   time.Time
	notBefore time.Time // zero: there is none
	issued    time.Time // zero: there is none
	issuer    string
	audience  []string
	id        string
	groups    []string
	grants    permissions.Grants
}

// readClaims reads the claims, strictly.
func readClaims(text []byte) (*claims, error) {
	o, ok := readObject(text)
	if !ok {
		return nil, identity.Refuse(RuleClaims)
	}
	if o.hasOdd("sub", "exp", "nbf", "iat", "iss", "aud", "jti", "name", "groups", "verbatim") {
		return nil, identity.Refuse(RuleClaimsOdd)
	}
	c := &claims{}
	for _, read := range []func(object) string{
		c.readUser, c.readTimes, c.readParties, c.readName, c.readGroups, c.readGrants,
	} {
		if rule := read(o); rule != "" {
			return nil, identity.Refuse(rule)
		}
	}
	return c, nil
}

func (c *claims) readUser(o object) (rule string) {
	sub, there, ok := o.text("sub")
	if !there || !ok {
		return RuleSub
	}
	c.user, rule = userOf(sub)
	return rule
}

// userOf returns the user that a `sub` names, or the rule that refuses it. A name in another form than its normal one
// is refused, since two subs must never be one user.
func userOf(sub string) (user protocol.UserID, rule string) {
	user, err := protocol.Name(sub)
	switch {
	case err != nil || string(user) != sub:
		return "", RuleSubName
	case strings.HasPrefix(sub, "guest-"), strings.HasPrefix(sub, "key:"):
		return "", RuleSubTaken
	}
	return user, ""
}

func (c *claims) readTimes(o object) (rule string) {
	var ok bool
	if c.expires, ok = readTime(o, "exp"); !ok || c.expires.IsZero() {
		return RuleExp
	}
	if c.notBefore, ok = readTime(o, "nbf"); !ok {
		return RuleNbf
	}
	if c.issued, ok = readTime(o, "iat"); !ok {
		return RuleIat
	}
	return ""
}

// maxSeconds is the end of the year 9999.
const maxSeconds = 253402300799

// readTime returns a time in seconds since 1970, which may have a fraction; the zero time if it is absent; or false if
// it is anything else.
func readTime(o object, name string) (time.Time, bool) {
	value, there := o[name]
	if !there {
		return time.Time{}, true
	}
	if value.Kind() != '0' {
		return time.Time{}, false
	}
	n, err := strconv.ParseFloat(string(value), 64)
	if err != nil || !(n >= 0 && n <= maxSeconds) {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(n)
	return time.Unix(int64(whole), int64(fraction*1e9)), true
}

func (c *claims) readParties(o object) (rule string) {
	var there, ok bool
	if c.issuer, _, ok = o.text("iss"); !ok {
		return RuleIss
	}
	if aud, is := o["aud"]; is {
		if text, one := asText(aud); one {
			c.audience = []string{text}
		} else if c.audience, ok = asTexts(aud, maxTexts); !ok {
			return RuleAud
		}
	}
	if c.id, there, ok = o.optional("jti"); !ok || there && len(c.id) > maxID {
		return RuleJti
	}
	return ""
}

func (c *claims) readName(o object) (rule string) {
	name, there, ok := o.optional("name")
	if !ok {
		return RuleName
	}
	if !there || name == "" {
		return ""
	}
	shown, err := protocol.Name(name)
	if err != nil {
		return RuleName
	}
	c.name = string(shown)
	return ""
}

func (c *claims) readGroups(o object) (rule string) {
	groups, there := o["groups"]
	if !there || groups.Kind() == 'n' {
		return ""
	}
	var ok bool
	if c.groups, ok = asTexts(groups, maxTexts); !ok {
		return RuleGroups
	}
	return ""
}

// readGrants reads the claim `verbatim`: patterns for each verb.
func (c *claims) readGrants(o object) (rule string) {
	value, there := o["verbatim"]
	if !there || value.Kind() == 'n' {
		return ""
	}
	verbs, ok := readObject(value)
	if !ok {
		return RuleGrants
	}
	var read, write, create, moderate []string
	for name, list := range verbs {
		at, known := map[string]*[]string{
			"read": &read, "write": &write, "create": &create, "moderate": &moderate,
		}[name]
		if !known {
			return RuleGrants
		}
		if *at, ok = patterns(list); !ok {
			return RuleGrants
		}
	}
	var err error
	if c.grants, err = permissions.ParseGrants(read, write, create, moderate); err != nil {
		return RulePatterns
	}
	return ""
}

// patterns returns a list of any length that fits into a token: ParseGrants counts them.
func patterns(list jsontext.Value) ([]string, bool) { return asTexts(list, MaxBytes) }

// identify holds the claims to the rules and the time. That it is over comes last: only a token in which nothing else
// is wrong is an expired one.
func (v *Verifier) identify(c *claims, now time.Time) (*identity.Identity, error) {
	latest := now.Add(v.o.Leeway)
	switch {
	case v.o.Issuer != "" && c.issuer != v.o.Issuer:
		return nil, identity.Refuse(RuleIssOther)
	case v.o.Audience != "" && !slices.Contains(c.audience, v.o.Audience):
		return nil, identity.Refuse(RuleAudOther)
	case c.notBefore.After(latest):
		return nil, identity.Refuse(RuleNbfFuture)
	case c.issued.After(latest):
		return nil, identity.Refuse(RuleIatFuture)
	case !now.Before(c.expires.Add(v.o.Leeway)):
		return nil, &identity.Refusal{Public: identity.TokenExpired, Rule: RuleExpired}
	}
	return &identity.Identity{
		Subject: &permissions.Subject{User: c.user, Kind: permissions.User, Groups: c.groups, Grants: c.grants},
		Name:    c.name, Expires: c.expires, Issued: c.issued, TokenID: c.id,
	}, nil
}
