package auth

import (
	"net/http"
	"net/url"
	"strings"

	"verbatim/identity"
	"verbatim/protocol"
)

// The rules about where a credential stands. They are constants: nothing of a credential is in them.
const (
	ruleNone    = "there is none"
	ruleSeveral = "there are several credentials"
	ruleScheme  = "the header Authorization is not Bearer and a token"
	rulePair    = "a bearer. subprotocol came without " + protocol.Subprotocol
	ruleURL     = "it is in the URL, and there is no --token-in-url"
)

// find returns the one credential of a request, and the query without it.
func (a *Auth) find(r *http.Request, forSocket bool) (credential, query string, refusal *identity.Refusal) {
	var found []string
	for _, value := range r.Header["Authorization"] {
		token, ok := bearer(value)
		if !ok {
			return "", r.URL.RawQuery, identity.Refuse(ruleScheme)
		}
		found = append(found, token)
	}
	if forSocket {
		tokens, ok := fromSubprotocols(r.Header["Sec-Websocket-Protocol"])
		if !ok {
			return "", r.URL.RawQuery, identity.Refuse(rulePair)
		}
		found = append(found, tokens...)
	}
	tokens, query := fromQuery(r.URL.RawQuery)
	if len(tokens) > 0 && !a.InURL {
		return "", query, identity.Refuse(ruleURL)
	}
	found = append(found, tokens...)
	switch len(found) {
	case 0:
		return "", query, &identity.Refusal{Public: identity.TokenMissing, Rule: ruleNone}
	case 1:
		return found[0], query, nil
	default:
		return "", query, identity.Refuse(ruleSeveral)
	}
}

// bearer returns the token of an Authorization header (RFC 6750, 2.1).
func bearer(value string) (token string, ok bool) {
	scheme, token, ok := strings.Cut(value, " ")
	return strings.TrimLeft(token, " "), ok && strings.EqualFold(scheme, "Bearer")
}

// bearerPrefix begins the subprotocol that holds a token: browsers can set no other header of a WebSocket.
const bearerPrefix = "bearer."

// fromSubprotocols returns the tokens among the subprotocols, or false if the one is missing that goes with them: the
// server must answer with a subprotocol, and must not answer with a token.
func fromSubprotocols(headers []string) (tokens []string, ok bool) {
	pair := false
	for _, header := range headers {
		for offered := range strings.SplitSeq(header, ",") {
			offered = strings.Trim(offered, " \t")
			if token, is := strings.CutPrefix(offered, bearerPrefix); is {
				tokens = append(tokens, token)
			}
			pair = pair || strings.EqualFold(offered, protocol.Subprotocol)
		}
	}
	return tokens, pair || len(tokens) == 0
}

// fromQuery returns the tokens of a query, and the query without them. What is not well formed is left alone, since it
// is refused afterwards.
func fromQuery(raw string) (tokens []string, rest string) {
	if !strings.Contains(raw, "token") && !strings.Contains(raw, "%") {
		return nil, raw // as it nearly always is
	}
	var kept []string
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		if unescaped, err := url.QueryUnescape(name); err != nil || unescaped != "token" {
			kept = append(kept, part)
			continue
		}
		if unescaped, err := url.QueryUnescape(value); err == nil {
			value = unescaped
		}
		tokens = append(tokens, value)
	}
	return tokens, strings.Join(kept, "&")
}
