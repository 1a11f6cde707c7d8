package token

import "verbatim/identity"

// header is what counts of a token's header. What it may point to (jku, jwk, x5u, x5c) is not read.
type header struct {
	alg string
	kid string // "": none
}

func readHeader(text []byte) (header, error) {
	o, ok := readObject(text)
	if !ok {
		return header{}, identity.Refuse(RuleHeader)
	}
	if o.hasOdd("alg", "kid", "crit", "typ", "b64") {
		return header{}, identity.Refuse(RuleHeaderOdd)
	}
	if _, there := o["crit"]; there { // nothing that must be understood is understood here (RFC 7515, 4.1.11)
		return header{}, identity.Refuse(RuleCrit)
	}
	if _, there := o["b64"]; there { // it would change what is signed (RFC 7797)
		return header{}, identity.Refuse(RuleB64)
	}
	alg, there, ok := o.text("alg")
	if !there || !ok {
		return header{}, identity.Refuse(RuleAlg)
	}
	kid, _, ok := o.text("kid")
	if !ok {
		return header{}, identity.Refuse(RuleKid)
	}
	if _, _, ok := o.text("typ"); !ok {
		return header{}, identity.Refuse(RuleTyp)
	}
	return header{alg: alg, kid: kid}, nil
}
