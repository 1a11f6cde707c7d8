package token

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"verbatim/identity"
)

// attack is one attempt on a server that knows a party's key.
type attack struct {
	party
	alg  string
	kid  string // of the party's key; "" where keys come from files
	jku  string // where the test listens, and nobody may come
	now  time.Time
	good string // a token that is let in

	parties string // the claims iss and aud, where the server has them configured
}

// header returns a good header with more in it.
func (a *attack) header(more string) string {
	kid := ""
	if a.kid != "" {
		kid = `,"kid":"` + a.kid + `"`
	}
	return `{"alg":"` + a.alg + `","typ":"JWT"` + kid + more + `}`
}

// claims returns good claims with more in them.
func (a *attack) claims(more string) string {
	return `{"sub":"ann","exp":` + a.at(time.Hour) + a.parties + more + `}`
}

// at returns a time from now, in seconds.
func (a *attack) at(d time.Duration) string { return fmt.Sprint(a.now.Add(d).Unix()) }

// says returns a token of these claims, well signed.
func (a *attack) says(claims string) string { return a.sign(a.header(""), claims) }

// sub returns a token of that sub, a JSON value.
func (a *attack) sub(value string) string {
	return a.says(`{"sub":` + value + `,"exp":` + a.at(time.Hour) + a.parties + `}`)
}

// exp returns a token of that exp, a JSON value.
func (a *attack) exp(value string) string {
	return a.says(`{"sub":"ann","exp":` + value + a.parties + `}`)
}

// from returns a good token but for its iss and aud.
func (a *attack) from(parties string) string {
	return a.says(`{"sub":"ann","exp":` + a.at(time.Hour) + `,` + parties + `}`)
}

// as returns a good token whose header says another algorithm, with a signature.
func (a *attack) as(alg string, signature []byte) string {
	h := strings.Replace(a.header(""), `"`+a.alg+`"`, `"`+alg+`"`, 1)
	return encode(h) + "." + encode(a.claims("")) + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// confused returns a good token that is signed by HS256 with the public key as the secret.
func (a *attack) confused(secret []byte) string {
	h := strings.Replace(a.header(""), `"`+a.alg+`"`, `"HS256"`, 1)
	return party{signer: Signer{alg: "HS256", private: secret}}.sign(h, a.claims(""))
}

func (a *attack) der() []byte {
	if a.public == nil {
		return []byte(strings.Repeat("x", 32)) // of another secret, then
	}
	return must1(x509.MarshalPKIXPublicKey(a.public))
}

// attacks is the table: what is tried, and the rule that refuses it; "": it is no attack, and is let in.
var attacks = []struct {
	what string
	try  func(a *attack) string
	rule string
}{
	{"a good token", func(a *attack) string { return a.good }, ""},
	{"alg none without a signature", func(a *attack) string { return a.as("none", nil) }, ruleAlgorithm},
	{"alg nOnE", func(a *attack) string { return a.as("nOnE", nil) }, ruleAlgorithm},
	{"alg none with a signature", func(a *attack) string { return a.as("none", []byte("x")) }, ruleAlgorithm},
	{"alg empty", func(a *attack) string { return a.as("", nil) }, ruleAlgorithm},
	{"alg in small letters", func(a *attack) string {
		return a.as(strings.ToLower(a.alg), []byte("x"))
	}, ruleAlgorithm},
	{"alg HS512", func(a *attack) string { return a.as("HS512", []byte("x")) }, ruleAlgorithm},
	{"alg PS256", func(a *attack) string { return a.as("PS256", make([]byte, 256)) }, ruleAlgorithm},
	{"alg that has no key here", func(a *attack) string {
		other := map[string]string{"HS256": "RS256", "RS256": "HS256", "ES256": "HS256", "EdDSA": "HS256"}[a.alg]
		return a.as(other, []byte("x"))
	}, ruleAlgorithm},
	{"HS256 with the public key as PEM", func(a *attack) string {
		return a.confused(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: a.der()}))
	}, "confused"},
	{"HS256 with the public key as DER", func(a *attack) string { return a.confused(a.der()) }, "confused"},
	{"no alg", func(a *attack) string { return a.sign(`{"typ":"JWT"}`, a.claims("")) }, ruleAlg},
	{"alg null", func(a *attack) string { return a.sign(`{"alg":null}`, a.claims("")) }, ruleAlg},
	{"alg a number", func(a *attack) string { return a.sign(`{"alg":256}`, a.claims("")) }, ruleAlg},
	{"alg a list", func(a *attack) string { return a.sign(`{"alg":["`+a.alg+`"]}`, a.claims("")) }, ruleAlg},
	{"alg twice", func(a *attack) string {
		return a.sign(a.header(`,"alg":"none"`), a.claims(""))
	}, ruleHeader},
	{"alg and ALG", func(a *attack) string { return a.sign(a.header(`,"ALG":"none"`), a.claims("")) }, ruleHeaderOdd},
	{"the header is a list", func(a *attack) string { return a.sign(`["`+a.alg+`"]`, a.claims("")) }, ruleHeader},
	{"the header is null", func(a *attack) string { return a.sign(`null`, a.claims("")) }, ruleHeader},
	{"two headers", func(a *attack) string { return a.sign(a.header("")+a.header(""), a.claims("")) }, ruleHeader},
	{"the header ends in the middle", func(a *attack) string {
		return a.sign(`{"alg":"`+a.alg+`"`, a.claims(""))
	}, ruleHeader},
	{"crit with a name", func(a *attack) string {
		return a.sign(a.header(`,"crit":["exp"]`), a.claims(""))
	}, ruleCrit},
	{"crit empty", func(a *attack) string { return a.sign(a.header(`,"crit":[]`), a.claims("")) }, ruleCrit},
	{"crit null", func(a *attack) string { return a.sign(a.header(`,"crit":null`), a.claims("")) }, ruleCrit},
	{"Crit", func(a *attack) string { return a.sign(a.header(`,"Crit":["exp"]`), a.claims("")) }, ruleHeaderOdd},
	{"b64 false", func(a *attack) string { return a.sign(a.header(`,"b64":false`), a.claims("")) }, ruleB64},
	{"kid a number", func(a *attack) string {
		return a.sign(`{"alg":"`+a.alg+`","kid":1}`, a.claims(""))
	}, ruleKid},
	{"kid a path", func(a *attack) string {
		return a.sign(`{"alg":"`+a.alg+`","kid":"../../../../dev/null"}`, a.claims(""))
	}, "kid"},
	{"kid a URL", func(a *attack) string {
		return a.sign(`{"alg":"`+a.alg+`","kid":"`+a.jku+`/kid"}`, a.claims(""))
	}, "kid"},
	{"kid with SQL in it", func(a *attack) string {
		return a.sign(`{"alg":"`+a.alg+`","kid":"x' UNION SELECT 'key"}`, a.claims(""))
	}, "kid"},
	{"kid of 8 kB", func(a *attack) string {
		return a.sign(`{"alg":"`+a.alg+`","kid":"`+strings.Repeat("k", 8192)+`"}`, a.claims(""))
	}, ruleTooLong},
	{"jku, jwk, x5u and x5c to the attacker", func(a *attack) string {
		stranger := newStranger()
		more := `,"jku":"` + a.jku + `/jku","x5u":"` + a.jku + `/x5u","x5c":["AAAA"],"jwk":` +
			string(must1(json.Marshal(stranger.jwk(nil))))
		h := strings.Replace(a.header(more), `"`+a.alg+`"`, `"EdDSA"`, 1)
		return stranger.sign(h, a.claims(""))
	}, "stranger"},
	{"typ a number", func(a *attack) string { return a.sign(`{"alg":"`+a.alg+`","typ":1}`, a.claims("")) }, ruleTyp},

	{"nothing", func(*attack) string { return "" }, ruleEmpty},
	{"a word", func(*attack) string { return "token" }, ruleParts},
	{"two parts", func(a *attack) string { return a.good[:strings.LastIndexByte(a.good, '.')] }, ruleParts},
	{"four parts", func(a *attack) string { return a.good + ".AAAA" }, ruleParts},
	{"five parts, as an encrypted token", func(a *attack) string { return "e30.e30.e30.e30.e30" }, ruleParts},
	{"two dots", func(*attack) string { return ".." }, ruleHeader},
	{"no signature", func(a *attack) string { return a.good[:strings.LastIndexByte(a.good, '.')+1] }, ruleSignature},
	{"8,193 bytes", func(a *attack) string {
		return a.good + strings.Repeat("A", MaxBytes+1-len(a.good))
	}, ruleTooLong},
	{"padding", func(a *attack) string { return a.good + "=" }, ruleBase64},
	{"padding within", func(a *attack) string { return strings.Replace(a.good, ".", "=.", 1) }, ruleBase64},
	{"trailing bits", func(a *attack) string {
		return encode(`{"alg":"x"}`)[:14] + "B." + encode(a.claims("")) + ".AAAA"
	}, ruleBase64},
	{"a line's end within", func(a *attack) string { return a.good[:10] + "\n" + a.good[10:] }, ruleBase64},
	{"a line's end after it", func(a *attack) string { return a.good + "\r\n" }, ruleBase64},
	{"a space before it", func(a *attack) string { return " " + a.good }, ruleBase64},
	{"plain base64", func(a *attack) string { return encode(`{"alg":"??>>"}`) + "+/." + encode("{}") + ".AAAA" }, ruleBase64},
	{"U+0000 after it", func(a *attack) string { return a.good + "\x00" }, ruleBase64},
	{"the signature of another token", func(a *attack) string {
		other := a.says(a.claims(`,"x":1`))
		return a.good[:strings.LastIndexByte(a.good, '.')] + other[strings.LastIndexByte(other, '.'):]
	}, ruleSignature},
	{"another sub under the same signature", func(a *attack) string {
		parts := strings.Split(a.good, ".")
		return parts[0] + "." + encode(strings.Replace(a.claims(""), "ann", "bob", 1)) + "." + parts[2]
	}, ruleSignature},
	{"a signature that is cut", func(a *attack) string {
		signed := a.good[:strings.LastIndexByte(a.good, '.')]
		whole := a.signature(signed)
		return signed + "." + base64.RawURLEncoding.EncodeToString(whole[:len(whole)-1])
	}, ruleSignature},
	{"a signature of zeros", func(a *attack) string { return a.as(a.alg, make([]byte, 64)) }, ruleSignature},

	{"no sub", func(a *attack) string { return a.says(`{"exp":` + a.at(time.Hour) + a.parties + `}`) }, ruleSub},
	{"sub null", func(a *attack) string { return a.sub(`null`) }, ruleSub},
	{"sub a number", func(a *attack) string { return a.sub(`7`) }, ruleSub},
	{"sub a list", func(a *attack) string { return a.sub(`["ann"]`) }, ruleSub},
	{"sub empty", func(a *attack) string { return a.sub(`""`) }, ruleSubName},
	{"sub of spaces", func(a *attack) string { return a.sub(`"  "`) }, ruleSubName},
	{"sub with a space after it", func(a *attack) string { return a.sub(`"ann "`) }, ruleSubName},
	{"sub in wide letters", func(a *attack) string { return a.sub(`"ａｎｎ"`) }, ruleSubName},
	{"sub with U+0000", func(a *attack) string { return a.sub(`"an\u0000n"`) }, ruleSubName},
	{"sub with U+202E", func(a *attack) string { return a.sub(`"an\u202en"`) }, ruleSubName},
	{"sub with a line's end", func(a *attack) string { return a.sub(`"ann\nbob"`) }, ruleSubName},
	{"sub with half of a surrogate pair", func(a *attack) string { return a.sub(`"an\ud800n"`) }, ruleClaims},
	{"sub that is not UTF-8", func(a *attack) string { return a.sub("\"an\xffn\"") }, ruleClaims},
	{"sub of 65 bytes", func(a *attack) string { return a.sub(`"` + strings.Repeat("x", 65) + `"`) }, ruleSubName},
	{"sub of a guest", func(a *attack) string { return a.sub(`"guest-0123456789abcdef"`) }, ruleSubTaken},
	{"sub of a key", func(a *attack) string { return a.sub(`"key:ci"`) }, ruleSubTaken},
	{"sub twice", func(a *attack) string { return a.says(a.claims(`,"sub":"root"`)) }, ruleClaims},
	{"sub twice, once with an escape", func(a *attack) string {
		return a.says(a.claims(`,"s\u0075b":"root"`))
	}, ruleClaims},
	{"sub and SUB", func(a *attack) string { return a.says(a.claims(`,"SUB":"root"`)) }, ruleClaimsOdd},
	{"SUB alone", func(a *attack) string {
		return a.says(`{"SUB":"ann","exp":` + a.at(time.Hour) + `}`)
	}, ruleClaimsOdd},

	{"no exp", func(a *attack) string { return a.says(`{"sub":"ann"}`) }, ruleExp},
	{"exp null", func(a *attack) string { return a.exp(`null`) }, ruleExp},
	{"exp a string", func(a *attack) string { return a.exp(`"` + a.at(time.Hour) + `"`) }, ruleExp},
	{"exp 1e300", func(a *attack) string { return a.exp(`1e300`) }, ruleExp},
	{"exp 1e400", func(a *attack) string { return a.exp(`1e400`) }, ruleExp},
	{"exp below 0", func(a *attack) string { return a.exp(`-1`) }, ruleExp},
	{"exp a list", func(a *attack) string { return a.exp(`[` + a.at(time.Hour) + `]`) }, ruleExp},
	{"exp true", func(a *attack) string { return a.exp(`true`) }, ruleExp},
	{"exp 0", func(a *attack) string { return a.exp(`0`) }, ruleExpired},
	{"exp 9 s ago", func(a *attack) string { return a.exp(a.at(-9 * time.Second)) }, ""},
	{"exp 11 s ago", func(a *attack) string { return a.exp(a.at(-11 * time.Second)) }, ruleExpired},
	{"exp with a fraction", func(a *attack) string { return a.exp(a.at(time.Hour) + ".5") }, ""},
	{"exp twice", func(a *attack) string { return a.says(a.claims(`,"exp":99999999999`)) }, ruleClaims},
	{"EXP beside exp", func(a *attack) string {
		return a.says(`{"sub":"ann","exp":` + a.at(-time.Hour) + `,"EXP":` + a.at(time.Hour) + `}`)
	}, ruleClaimsOdd},
	{"exp with a long s, which some readers fold", func(a *attack) string {
		return a.says(a.claims(`,"i\u017fs":"x"`))
	}, ruleClaimsOdd},
	{"nbf in 9 s", func(a *attack) string { return a.says(a.claims(`,"nbf":` + a.at(9*time.Second))) }, ""},
	{"nbf in 11 s", func(a *attack) string { return a.says(a.claims(`,"nbf":` + a.at(11*time.Second))) }, ruleNbfFuture},
	{"nbf a string", func(a *attack) string { return a.says(a.claims(`,"nbf":"0"`)) }, ruleNbf},
	{"nbf null", func(a *attack) string { return a.says(a.claims(`,"nbf":null`)) }, ruleNbf},
	{"iat in 11 s", func(a *attack) string { return a.says(a.claims(`,"iat":` + a.at(11*time.Second))) }, ruleIatFuture},
	{"iat a string", func(a *attack) string { return a.says(a.claims(`,"iat":"0"`)) }, ruleIat},

	{"the claims are a list", func(a *attack) string { return a.says(`["ann"]`) }, ruleClaims},
	{"the claims are a string", func(a *attack) string { return a.says(`"ann"`) }, ruleClaims},
	{"the claims are empty", func(a *attack) string { return a.says(``) }, ruleClaims},
	{"two objects of claims", func(a *attack) string { return a.says(a.claims("") + a.claims("")) }, ruleClaims},
	{"a comma too many", func(a *attack) string { return a.says(a.claims(",")) }, ruleClaims},
	{"a name twice within a claim", func(a *attack) string { return a.says(a.claims(`,"x":{"y":1,"y":2}`)) }, ruleClaims},
	{"claims of deep lists", func(a *attack) string {
		return a.says(a.claims(`,"x":` + strings.Repeat("[", 2500) + strings.Repeat("]", 2500)))
	}, ""},

	{"another iss", func(a *attack) string {
		return a.from(`"iss":"other","aud":"chat"`)
	}, "iss"},
	{"iss with a slash more", func(a *attack) string {
		return a.from(`"iss":"https://id.test/","aud":"chat"`)
	}, "iss"},
	{"iss a list", func(a *attack) string {
		return a.from(`"iss":["https://id.test"],"aud":"chat"`)
	}, ruleIss},
	{"another aud", func(a *attack) string {
		return a.from(`"iss":"https://id.test","aud":"shop"`)
	}, "aud"},
	{"several other auds", func(a *attack) string {
		return a.from(`"iss":"https://id.test","aud":["shop","chatter"]`)
	}, "aud"},
	{"aud a number", func(a *attack) string {
		return a.from(`"iss":"https://id.test","aud":1`)
	}, ruleAud},
	{"aud a list with a number", func(a *attack) string {
		return a.from(`"iss":"https://id.test","aud":["chat",1]`)
	}, ruleAud},
	{"jti of 257 bytes", func(a *attack) string {
		return a.says(a.claims(`,"jti":"` + strings.Repeat("j", 257) + `"`))
	}, ruleJti},
	{"jti a number", func(a *attack) string { return a.says(a.claims(`,"jti":1`)) }, ruleJti},
	{"name with U+202E", func(a *attack) string { return a.says(a.claims(`,"name":"A\u202enn"`)) }, ruleName},
	{"name a number", func(a *attack) string { return a.says(a.claims(`,"name":1`)) }, ruleName},
	{"name of 65 bytes", func(a *attack) string {
		return a.says(a.claims(`,"name":"` + strings.Repeat("n", 65) + `"`))
	}, ruleName},
	{"groups a string", func(a *attack) string { return a.says(a.claims(`,"groups":"ops"`)) }, ruleGroups},
	{"groups with a number", func(a *attack) string { return a.says(a.claims(`,"groups":["ops",1]`)) }, ruleGroups},
	{"257 groups", func(a *attack) string { return a.says(a.claims(`,"groups":` + many(257, "g"))) }, ruleGroups},
	{"grants a list", func(a *attack) string { return a.says(a.claims(`,"verbatim":["lobby"]`)) }, ruleGrants},
	{"grants with another verb", func(a *attack) string {
		return a.says(a.claims(`,"verbatim":{"admin":["*"]}`))
	}, ruleGrants},
	{"grants with a verb in other letters", func(a *attack) string {
		return a.says(a.claims(`,"verbatim":{"READ":["*"]}`))
	}, ruleGrants},
	{"grants with a verb twice", func(a *attack) string {
		return a.says(a.claims(`,"verbatim":{"read":[],"read":["*"]}`))
	}, ruleClaims},
	{"a pattern that is a string alone", func(a *attack) string {
		return a.says(a.claims(`,"verbatim":{"read":"*"}`))
	}, ruleGrants},
	{"a pattern that is a number", func(a *attack) string {
		return a.says(a.claims(`,"verbatim":{"read":[1]}`))
	}, ruleGrants},
	{"a pattern with * in the middle", func(a *attack) string {
		return a.says(a.claims(`,"verbatim":{"read":["te*am"]}`))
	}, rulePatterns},
	{"a pattern that is empty", func(a *attack) string {
		return a.says(a.claims(`,"verbatim":{"read":[""]}`))
	}, rulePatterns},
	{"257 patterns", func(a *attack) string {
		return a.says(a.claims(`,"verbatim":{"read":` + many(200, "r") + `,"write":` + many(57, "w") + `}`))
	}, rulePatterns},
	{"256 patterns", func(a *attack) string {
		return a.says(a.claims(`,"verbatim":{"read":` + many(200, "r") + `,"write":` + many(56, "w") + `}`))
	}, ""},
}

// many returns a list of n strings.
func many(n int, text string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(`"`+text+`",`, n), ",") + "]"
}

// refusedAs returns the rule of a row for an algorithm, where that is not the same for all.
func refusedAs(rule string, a *attack) string {
	switch rule {
	case "confused": // where secrets are known, it is just a wrong one
		if a.alg == "HS256" {
			return ruleSignature
		}
		return ruleAlgorithm
	case "kid": // keys of files have none
		if a.kid == "" {
			return ""
		}
		return ruleUnknown
	case "stranger":
		if a.alg != "EdDSA" && a.kid == "" {
			return ruleAlgorithm
		}
		if a.alg != "EdDSA" {
			return ruleUnknown
		}
		return ruleSignature
	case "iss", "aud":
		if a.parties == "" { // nothing is configured
			return ""
		}
		return map[string]string{"iss": ruleIssOther, "aud": ruleAudOther}[rule]
	}
	return rule
}

// TestEveryAttackIsRefusedByItsRule tries the table with each algorithm, with keys of files and with those of a set. A
// rule is a constant, so no byte of a token is in what the log gets.
func TestEveryAttackIsRefusedByItsRule(t *testing.T) {
	if len(attacks) < 100 {
		t.Errorf("the table has %d rows", len(attacks))
	}
	var came atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came.Add(1) }))
	defer trap.Close()
	for alg, p := range newParties() {
		t.Run(alg+" of a file", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := New(Options{Keys: []Key{p.key}, Leeway: 10 * time.Second})
				tryAll(t, v, &attack{party: p, alg: alg, jku: trap.URL, now: time.Now()})
			})
		})
		if p.public == nil {
			continue
		}
		t.Run(alg+" of a set", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := setOf(func(context.Context) ([]byte, error) {
					return set(p.jwk(map[string]any{"kid": "k1"})), nil
				})
				s.Fetch(t.Context())
				v := New(Options{Set: s, Leeway: 10 * time.Second, Issuer: "https://id.test", Audience: "chat"})
				tryAll(t, v, &attack{
					party: p, alg: alg, kid: "k1", jku: trap.URL, now: time.Now(),
					parties: `,"iss":"https://id.test","aud":["shop","chat"]`,
				})
			})
		})
	}
	if came.Load() != 0 {
		t.Errorf("%d requests came to the address that tokens named", came.Load())
	}
}

// tryAll tries all attacks.
func tryAll(t *testing.T, v *Verifier, a *attack) {
	a.good = a.says(a.claims(""))
	for _, row := range attacks {
		who, err := v.Verify(t.Context(), row.try(a))
		rule, public := refusedBy(t, err)
		want := refusedAs(row.rule, a)
		wantPublic := identity.TokenRefused
		switch want {
		case "":
			wantPublic = ""
		case ruleExpired:
			wantPublic = identity.TokenExpired
		case ruleEmpty:
			wantPublic = identity.TokenMissing
		}
		if rule != want || public != wantPublic {
			t.Errorf("%s: got %q by the rule %q, want %q by %q", row.what, public, rule, wantPublic, want)
		}
		if (who != nil) != (want == "") || who != nil && who.Subject.User != "ann" {
			t.Errorf("%s: got the identity %+v", row.what, who)
		}
	}
}

// newStranger is somebody whose key the server does not know.
func newStranger() party {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	return newParty(private)
}
