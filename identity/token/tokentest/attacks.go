package tokentest

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"verbatim/identity"
	"verbatim/identity/token"
)

// Attack is one attempt on a server that knows a party's key.
type Attack struct {
	*Party
	KID     string // of the party's key; "" where keys come from files
	JKU     string // where the test listens, and nobody may come
	Now     time.Time
	Parties string // the claims iss and aud, where the server has them configured

	good string // a token that is let in
}

// header returns a good header with more in it.
func (a *Attack) header(more string) string {
	kid := ""
	if a.KID != "" {
		kid = `,"kid":"` + a.KID + `"`
	}
	return `{"alg":"` + a.Algorithm + `","typ":"JWT"` + kid + more + `}`
}

// claims returns good claims with more in them.
func (a *Attack) claims(more string) string {
	return `{"sub":"ann","exp":` + a.at(time.Hour) + a.Parties + more + `}`
}

// at returns a time from now, in seconds.
func (a *Attack) at(d time.Duration) string { return fmt.Sprint(a.Now.Add(d).Unix()) }

// says returns a token of these claims, well signed.
func (a *Attack) says(claims string) string { return a.Sign(a.header(""), claims) }

// sub returns a token of that sub, a JSON value.
func (a *Attack) sub(value string) string {
	return a.says(`{"sub":` + value + `,"exp":` + a.at(time.Hour) + a.Parties + `}`)
}

// exp returns a token of that exp, a JSON value.
func (a *Attack) exp(value string) string {
	return a.says(`{"sub":"ann","exp":` + value + a.Parties + `}`)
}

// from returns a good token but for its iss and aud.
func (a *Attack) from(parties string) string {
	return a.says(`{"sub":"ann","exp":` + a.at(time.Hour) + `,` + parties + `}`)
}

// as returns a good token whose header says another algorithm, with a signature.
func (a *Attack) as(alg string, signature []byte) string {
	h := strings.Replace(a.header(""), `"`+a.Algorithm+`"`, `"`+alg+`"`, 1)
	return encode(h) + "." + encode(a.claims("")) + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// confused returns a good token that is signed by HS256 with the public key as the secret.
func (a *Attack) confused(secret []byte) string {
	h := strings.Replace(a.header(""), `"`+a.Algorithm+`"`, `"HS256"`, 1)
	return (&Party{Algorithm: "HS256", private: secret}).Sign(h, a.claims(""))
}

func (a *Attack) der() []byte {
	if a.public == nil {
		return []byte(strings.Repeat("x", 32)) // of another secret, then
	}
	der, err := x509.MarshalPKIXPublicKey(a.public)
	must(err)
	return der
}

// Row is one row of the table.
type Row struct {
	What string
	try  func(a *Attack) string
	rule string // that refuses it; "": it is no attack, and is let in; or a word that Rule knows
}

// Try returns the row's token.
func (r Row) Try(a *Attack) string {
	if a.good == "" {
		a.good = a.says(a.claims(""))
	}
	return r.try(a)
}

// Attacks is the table.
var Attacks = []Row{
	{"a good token", func(a *Attack) string { return a.good }, ""},
	{"alg none without a signature", func(a *Attack) string { return a.as("none", nil) }, token.RuleAlgorithm},
	{"alg nOnE", func(a *Attack) string { return a.as("nOnE", nil) }, token.RuleAlgorithm},
	{"alg none with a signature", func(a *Attack) string { return a.as("none", []byte("x")) }, token.RuleAlgorithm},
	{"alg empty", func(a *Attack) string { return a.as("", nil) }, token.RuleAlgorithm},
	{"alg in small letters", func(a *Attack) string {
		return a.as(strings.ToLower(a.Algorithm), []byte("x"))
	}, token.RuleAlgorithm},
	{"alg HS512", func(a *Attack) string { return a.as("HS512", []byte("x")) }, token.RuleAlgorithm},
	{"alg PS256", func(a *Attack) string { return a.as("PS256", make([]byte, 256)) }, token.RuleAlgorithm},
	{"alg that has no key here", func(a *Attack) string {
		other := map[string]string{"HS256": "RS256", "RS256": "HS256", "ES256": "HS256", "EdDSA": "HS256"}[a.Algorithm]
		return a.as(other, []byte("x"))
	}, token.RuleAlgorithm},
	{"HS256 with the public key as PEM", func(a *Attack) string {
		return a.confused(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: a.der()}))
	}, "confused"},
	{"HS256 with the public key as DER", func(a *Attack) string { return a.confused(a.der()) }, "confused"},
	{"no alg", func(a *Attack) string { return a.Sign(`{"typ":"JWT"}`, a.claims("")) }, token.RuleAlg},
	{"alg null", func(a *Attack) string { return a.Sign(`{"alg":null}`, a.claims("")) }, token.RuleAlg},
	{"alg a number", func(a *Attack) string { return a.Sign(`{"alg":256}`, a.claims("")) }, token.RuleAlg},
	{"alg a list", func(a *Attack) string {
		return a.Sign(`{"alg":["`+a.Algorithm+`"]}`, a.claims(""))
	}, token.RuleAlg},
	{"alg twice", func(a *Attack) string {
		return a.Sign(a.header(`,"alg":"none"`), a.claims(""))
	}, token.RuleHeader},
	{"alg and ALG", func(a *Attack) string {
		return a.Sign(a.header(`,"ALG":"none"`), a.claims(""))
	}, token.RuleHeaderOdd},
	{"the header is a list", func(a *Attack) string {
		return a.Sign(`["`+a.Algorithm+`"]`, a.claims(""))
	}, token.RuleHeader},
	{"the header is null", func(a *Attack) string { return a.Sign(`null`, a.claims("")) }, token.RuleHeader},
	{"two headers", func(a *Attack) string {
		return a.Sign(a.header("")+a.header(""), a.claims(""))
	}, token.RuleHeader},
	{"the header ends in the middle", func(a *Attack) string {
		return a.Sign(`{"alg":"`+a.Algorithm+`"`, a.claims(""))
	}, token.RuleHeader},
	{"crit with a name", func(a *Attack) string {
		return a.Sign(a.header(`,"crit":["exp"]`), a.claims(""))
	}, token.RuleCrit},
	{"crit empty", func(a *Attack) string { return a.Sign(a.header(`,"crit":[]`), a.claims("")) }, token.RuleCrit},
	{"crit null", func(a *Attack) string { return a.Sign(a.header(`,"crit":null`), a.claims("")) }, token.RuleCrit},
	{"Crit", func(a *Attack) string { return a.Sign(a.header(`,"Crit":["exp"]`), a.claims("")) }, token.RuleHeaderOdd},
	{"b64 false", func(a *Attack) string { return a.Sign(a.header(`,"b64":false`), a.claims("")) }, token.RuleB64},
	{"kid a number", func(a *Attack) string {
		return a.Sign(`{"alg":"`+a.Algorithm+`","kid":1}`, a.claims(""))
	}, token.RuleKid},
	{"kid a path", func(a *Attack) string {
		return a.Sign(`{"alg":"`+a.Algorithm+`","kid":"../../../../dev/null"}`, a.claims(""))
	}, "kid"},
	{"kid a URL", func(a *Attack) string {
		return a.Sign(`{"alg":"`+a.Algorithm+`","kid":"`+a.JKU+`/kid"}`, a.claims(""))
	}, "kid"},
	{"kid with SQL in it", func(a *Attack) string {
		return a.Sign(`{"alg":"`+a.Algorithm+`","kid":"x' UNION SELECT 'key"}`, a.claims(""))
	}, "kid"},
	{"kid of 8 kB", func(a *Attack) string {
		return a.Sign(`{"alg":"`+a.Algorithm+`","kid":"`+strings.Repeat("k", 8192)+`"}`, a.claims(""))
	}, token.RuleTooLong},
	{"jku, jwk, x5u and x5c to the attacker", func(a *Attack) string {
		stranger := newStranger()
		more := `,"jku":"` + a.JKU + `/jku","x5u":"` + a.JKU + `/x5u","x5c":["AAAA"],"jwk":` +
			asJSON(stranger.JWK(nil))
		h := strings.Replace(a.header(more), `"`+a.Algorithm+`"`, `"EdDSA"`, 1)
		return stranger.Sign(h, a.claims(""))
	}, "stranger"},
	{"typ a number", func(a *Attack) string {
		return a.Sign(`{"alg":"`+a.Algorithm+`","typ":1}`, a.claims(""))
	}, token.RuleTyp},

	{"nothing", func(*Attack) string { return "" }, token.RuleEmpty},
	{"a word", func(*Attack) string { return "token" }, token.RuleParts},
	{"two parts", func(a *Attack) string { return a.good[:strings.LastIndexByte(a.good, '.')] }, token.RuleParts},
	{"four parts", func(a *Attack) string { return a.good + ".AAAA" }, token.RuleParts},
	{"five parts, as an encrypted token", func(a *Attack) string { return "e30.e30.e30.e30.e30" }, token.RuleParts},
	{"two dots", func(*Attack) string { return ".." }, token.RuleHeader},
	{"no signature", func(a *Attack) string {
		return a.good[:strings.LastIndexByte(a.good, '.')+1]
	}, token.RuleSignature},
	{"8,193 bytes", func(a *Attack) string {
		return a.good + strings.Repeat("A", token.MaxBytes+1-len(a.good))
	}, token.RuleTooLong},
	{"padding", func(a *Attack) string { return a.good + "=" }, token.RuleBase64},
	{"padding within", func(a *Attack) string { return strings.Replace(a.good, ".", "=.", 1) }, token.RuleBase64},
	{"trailing bits", func(a *Attack) string {
		return encode(`{"alg":"x"}`)[:14] + "B." + encode(a.claims("")) + ".AAAA"
	}, token.RuleBase64},
	{"a line's end within", func(a *Attack) string { return a.good[:10] + "\n" + a.good[10:] }, token.RuleBase64},
	{"a line's end after it", func(a *Attack) string { return a.good + "\r\n" }, token.RuleBase64},
	{"a space before it", func(a *Attack) string { return " " + a.good }, token.RuleBase64},
	{"plain base64", func(a *Attack) string {
		return encode(`{"alg":"??>>"}`) + "+/." + encode("{}") + ".AAAA"
	}, token.RuleBase64},
	{"U+0000 after it", func(a *Attack) string { return a.good + "\x00" }, token.RuleBase64},
	{"the signature of another token", func(a *Attack) string {
		other := a.says(a.claims(`,"x":1`))
		return a.good[:strings.LastIndexByte(a.good, '.')] + other[strings.LastIndexByte(other, '.'):]
	}, token.RuleSignature},
	{"another sub under the same signature", func(a *Attack) string {
		parts := strings.Split(a.good, ".")
		return parts[0] + "." + encode(strings.Replace(a.claims(""), "ann", "bob", 1)) + "." + parts[2]
	}, token.RuleSignature},
	{"a signature that is cut", func(a *Attack) string {
		signed := a.good[:strings.LastIndexByte(a.good, '.')]
		whole := a.signature(signed)
		return signed + "." + base64.RawURLEncoding.EncodeToString(whole[:len(whole)-1])
	}, token.RuleSignature},
	{"a signature of zeros", func(a *Attack) string {
		return a.as(a.Algorithm, make([]byte, 64))
	}, token.RuleSignature},

	{"no sub", func(a *Attack) string { return a.says(`{"exp":` + a.at(time.Hour) + a.Parties + `}`) }, token.RuleSub},
	{"sub null", func(a *Attack) string { return a.sub(`null`) }, token.RuleSub},
	{"sub a number", func(a *Attack) string { return a.sub(`7`) }, token.RuleSub},
	{"sub a list", func(a *Attack) string { return a.sub(`["ann"]`) }, token.RuleSub},
	{"sub empty", func(a *Attack) string { return a.sub(`""`) }, token.RuleSubName},
	{"sub of spaces", func(a *Attack) string { return a.sub(`"  "`) }, token.RuleSubName},
	{"sub with a space after it", func(a *Attack) string { return a.sub(`"ann "`) }, token.RuleSubName},
	{"sub in wide letters", func(a *Attack) string { return a.sub(`"ａｎｎ"`) }, token.RuleSubName},
	{"sub with U+0000", func(a *Attack) string { return a.sub(`"an\u0000n"`) }, token.RuleSubName},
	{"sub with U+202E", func(a *Attack) string { return a.sub(`"an\u202en"`) }, token.RuleSubName},
	{"sub with a line's end", func(a *Attack) string { return a.sub(`"ann\nbob"`) }, token.RuleSubName},
	{"sub with half of a surrogate pair", func(a *Attack) string { return a.sub(`"an\ud800n"`) }, token.RuleClaims},
	{"sub that is not UTF-8", func(a *Attack) string { return a.sub("\"an\xffn\"") }, token.RuleClaims},
	{"sub of 65 bytes", func(a *Attack) string {
		return a.sub(`"` + strings.Repeat("x", 65) + `"`)
	}, token.RuleSubName},
	{"sub of a guest", func(a *Attack) string { return a.sub(`"guest-0123456789abcdef"`) }, token.RuleSubTaken},
	{"sub of a key", func(a *Attack) string { return a.sub(`"key:ci"`) }, token.RuleSubTaken},
	{"sub twice", func(a *Attack) string { return a.says(a.claims(`,"sub":"root"`)) }, token.RuleClaims},
	{"sub twice, once with an escape", func(a *Attack) string {
		return a.says(a.claims(`,"s\u0075b":"root"`))
	}, token.RuleClaims},
	{"sub and SUB", func(a *Attack) string { return a.says(a.claims(`,"SUB":"root"`)) }, token.RuleClaimsOdd},
	{"SUB alone", func(a *Attack) string {
		return a.says(`{"SUB":"ann","exp":` + a.at(time.Hour) + `}`)
	}, token.RuleClaimsOdd},

	{"no exp", func(a *Attack) string { return a.says(`{"sub":"ann"}`) }, token.RuleExp},
	{"exp null", func(a *Attack) string { return a.exp(`null`) }, token.RuleExp},
	{"exp a string", func(a *Attack) string { return a.exp(`"` + a.at(time.Hour) + `"`) }, token.RuleExp},
	{"exp 1e300", func(a *Attack) string { return a.exp(`1e300`) }, token.RuleExp},
	{"exp 1e400", func(a *Attack) string { return a.exp(`1e400`) }, token.RuleExp},
	{"exp below 0", func(a *Attack) string { return a.exp(`-1`) }, token.RuleExp},
	{"exp a list", func(a *Attack) string { return a.exp(`[` + a.at(time.Hour) + `]`) }, token.RuleExp},
	{"exp true", func(a *Attack) string { return a.exp(`true`) }, token.RuleExp},
	{"exp 0", func(a *Attack) string { return a.exp(`0`) }, token.RuleExpired},
	{"exp 9 s ago", func(a *Attack) string { return a.exp(a.at(-9 * time.Second)) }, ""},
	{"exp 11 s ago", func(a *Attack) string { return a.exp(a.at(-11 * time.Second)) }, token.RuleExpired},
	{"exp with a fraction", func(a *Attack) string { return a.exp(a.at(time.Hour) + ".5") }, ""},
	{"exp twice", func(a *Attack) string { return a.says(a.claims(`,"exp":99999999999`)) }, token.RuleClaims},
	{"EXP beside exp", func(a *Attack) string {
		return a.says(`{"sub":"ann","exp":` + a.at(-time.Hour) + `,"EXP":` + a.at(time.Hour) + `}`)
	}, token.RuleClaimsOdd},
	{"exp with a long s, which some readers fold", func(a *Attack) string {
		return a.says(a.claims(`,"i\u017fs":"x"`))
	}, token.RuleClaimsOdd},
	{"nbf in 9 s", func(a *Attack) string { return a.says(a.claims(`,"nbf":` + a.at(9*time.Second))) }, ""},
	{"nbf in 11 s", func(a *Attack) string {
		return a.says(a.claims(`,"nbf":` + a.at(11*time.Second)))
	}, token.RuleNbfFuture},
	{"nbf a string", func(a *Attack) string { return a.says(a.claims(`,"nbf":"0"`)) }, token.RuleNbf},
	{"nbf null", func(a *Attack) string { return a.says(a.claims(`,"nbf":null`)) }, token.RuleNbf},
	{"iat in 11 s", func(a *Attack) string {
		return a.says(a.claims(`,"iat":` + a.at(11*time.Second)))
	}, token.RuleIatFuture},
	{"iat a string", func(a *Attack) string { return a.says(a.claims(`,"iat":"0"`)) }, token.RuleIat},

	{"the claims are a list", func(a *Attack) string { return a.says(`["ann"]`) }, token.RuleClaims},
	{"the claims are a string", func(a *Attack) string { return a.says(`"ann"`) }, token.RuleClaims},
	{"the claims are empty", func(a *Attack) string { return a.says(``) }, token.RuleClaims},
	{"two objects of claims", func(a *Attack) string { return a.says(a.claims("") + a.claims("")) }, token.RuleClaims},
	{"a comma too many", func(a *Attack) string { return a.says(a.claims(",")) }, token.RuleClaims},
	{"a name twice within a claim", func(a *Attack) string {
		return a.says(a.claims(`,"x":{"y":1,"y":2}`))
	}, token.RuleClaims},
	{"claims of deep lists", func(a *Attack) string {
		return a.says(a.claims(`,"x":` + strings.Repeat("[", 2500) + strings.Repeat("]", 2500)))
	}, ""},

	{"another iss", func(a *Attack) string {
		return a.from(`"iss":"other","aud":"chat"`)
	}, "iss"},
	{"iss with a slash more", func(a *Attack) string {
		return a.from(`"iss":"https://id.test/","aud":"chat"`)
	}, "iss"},
	{"iss a list", func(a *Attack) string {
		return a.from(`"iss":["https://id.test"],"aud":"chat"`)
	}, token.RuleIss},
	{"another aud", func(a *Attack) string {
		return a.from(`"iss":"https://id.test","aud":"shop"`)
	}, "aud"},
	{"several other auds", func(a *Attack) string {
		return a.from(`"iss":"https://id.test","aud":["shop","chatter"]`)
	}, "aud"},
	{"aud a number", func(a *Attack) string {
		return a.from(`"iss":"https://id.test","aud":1`)
	}, token.RuleAud},
	{"aud a list with a number", func(a *Attack) string {
		return a.from(`"iss":"https://id.test","aud":["chat",1]`)
	}, token.RuleAud},
	{"jti of 257 bytes", func(a *Attack) string {
		return a.says(a.claims(`,"jti":"` + strings.Repeat("j", 257) + `"`))
	}, token.RuleJti},
	{"jti a number", func(a *Attack) string { return a.says(a.claims(`,"jti":1`)) }, token.RuleJti},
	{"name with U+202E", func(a *Attack) string { return a.says(a.claims(`,"name":"A\u202enn"`)) }, token.RuleName},
	{"name a number", func(a *Attack) string { return a.says(a.claims(`,"name":1`)) }, token.RuleName},
	{"name of 65 bytes", func(a *Attack) string {
		return a.says(a.claims(`,"name":"` + strings.Repeat("n", 65) + `"`))
	}, token.RuleName},
	{"groups a string", func(a *Attack) string { return a.says(a.claims(`,"groups":"ops"`)) }, token.RuleGroups},
	{"groups with a number", func(a *Attack) string {
		return a.says(a.claims(`,"groups":["ops",1]`))
	}, token.RuleGroups},
	{"257 groups", func(a *Attack) string { return a.says(a.claims(`,"groups":` + many(257, "g"))) }, token.RuleGroups},
	{"grants a list", func(a *Attack) string { return a.says(a.claims(`,"verbatim":["lobby"]`)) }, token.RuleGrants},
	{"grants with another verb", func(a *Attack) string {
		return a.says(a.claims(`,"verbatim":{"admin":["*"]}`))
	}, token.RuleGrants},
	{"grants with a verb in other letters", func(a *Attack) string {
		return a.says(a.claims(`,"verbatim":{"READ":["*"]}`))
	}, token.RuleGrants},
	{"grants with a verb twice", func(a *Attack) string {
		return a.says(a.claims(`,"verbatim":{"read":[],"read":["*"]}`))
	}, token.RuleClaims},
	{"a pattern that is a string alone", func(a *Attack) string {
		return a.says(a.claims(`,"verbatim":{"read":"*"}`))
	}, token.RuleGrants},
	{"a pattern that is a number", func(a *Attack) string {
		return a.says(a.claims(`,"verbatim":{"read":[1]}`))
	}, token.RuleGrants},
	{"a pattern with * in the middle", func(a *Attack) string {
		return a.says(a.claims(`,"verbatim":{"read":["te*am"]}`))
	}, token.RulePatterns},
	{"a pattern that is empty", func(a *Attack) string {
		return a.says(a.claims(`,"verbatim":{"read":[""]}`))
	}, token.RulePatterns},
	{"257 patterns", func(a *Attack) string {
		return a.says(a.claims(`,"verbatim":{"read":` + many(200, "r") + `,"write":` + many(57, "w") + `}`))
	}, token.RulePatterns},
	{"256 patterns", func(a *Attack) string {
		return a.says(a.claims(`,"verbatim":{"read":` + many(200, "r") + `,"write":` + many(56, "w") + `}`))
	}, ""},
}

// many returns a list of n strings.
func many(n int, text string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(`"`+text+`",`, n), ",") + "]"
}

// Rule returns the rule that refuses a row's token, which is not the same for all algorithms; "": it is let in.
func (r Row) Rule(a *Attack) string {
	switch r.rule {
	case "confused": // where secrets are known, it is just a wrong one
		if a.Algorithm == "HS256" {
			return token.RuleSignature
		}
		return token.RuleAlgorithm
	case "kid": // keys of files have none
		if a.KID == "" {
			return ""
		}
		return token.RuleUnknown
	case "stranger":
		if a.Algorithm != "EdDSA" && a.KID == "" {
			return token.RuleAlgorithm
		}
		if a.Algorithm != "EdDSA" {
			return token.RuleUnknown
		}
		return token.RuleSignature
	case "iss", "aud":
		if a.Parties == "" { // nothing is configured
			return ""
		}
		return map[string]string{"iss": token.RuleIssOther, "aud": token.RuleAudOther}[r.rule]
	}
	return r.rule
}

// Public returns what a client is told of a row's token; "": it is let in.
func (r Row) Public(a *Attack) string {
	switch r.Rule(a) {
	case "":
		return ""
	case token.RuleExpired:
		return identity.TokenExpired
	case token.RuleEmpty:
		return identity.TokenMissing
	}
	return identity.TokenRefused
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	must(err)
	return string(text)
}

// Configured are the claims that suit a server whose issuer is https://id.test and whose audience is chat.
const Configured = `,"iss":"https://id.test","aud":["shop","chat"]`
