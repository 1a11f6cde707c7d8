package auth

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"verbatim/identity"
	"verbatim/permissions"
)

// echo takes each credential for the name of its user.
type echo struct{}

func (echo) Verify(_ context.Context, credential string) (*identity.Identity, error) {
	return &identity.Identity{Name: credential, Subject: &permissions.Subject{User: "ann"}}, nil
}

func TestARequestHasOneCredential(t *testing.T) {
	for what, row := range map[string]struct {
		target  string
		headers http.Header
		inURL   bool
		socket  bool
		want    string // the credential
		rule    string
		query   string
	}{
		"none":             {target: "/", rule: ruleNone},
		"a header":         {target: "/?a=1", headers: auth("Bearer T"), want: "T", query: "a=1"},
		"in small letters": {target: "/", headers: auth("bearer T"), want: "T"},
		"two spaces":       {target: "/", headers: auth("Bearer  T"), want: "T"},
		"two headers":      {target: "/", headers: auth("Bearer T", "Bearer T"), rule: ruleSeveral},
		"another scheme":   {target: "/", headers: auth("Basic YTpi"), rule: ruleScheme},
		"no scheme":        {target: "/", headers: auth("T"), rule: ruleScheme},
		"an empty header":  {target: "/", headers: auth(""), rule: ruleScheme},
		"a subprotocol":    {target: "/", headers: sub("verbatim.v1, bearer.T"), socket: true, want: "T"},
		"in two headers":   {target: "/", headers: sub("verbatim.v1", "bearer.T"), socket: true, want: "T"},
		"the other order":  {target: "/", headers: sub("bearer.T,VERBATIM.V1"), socket: true, want: "T"},
		"without the pair": {target: "/", headers: sub("bearer.T"), socket: true, rule: rulePair},
		"two bearers": {
			target: "/", headers: sub("verbatim.v1, bearer.T, bearer.U"), socket: true, rule: ruleSeveral,
		},
		"an empty bearer": {target: "/", headers: sub("verbatim.v1, bearer."), socket: true, want: ""},
		"no bearer":       {target: "/", headers: sub("verbatim.v1"), socket: true, rule: ruleNone},
		"a subprotocol of a plain request": {
			target: "/", headers: sub("verbatim.v1, bearer.T"), rule: ruleNone,
		},
		"in the URL, not allowed": {target: "/?token=T&a=1", rule: ruleURL, query: "a=1"},
		"in the URL, not allowed, beside a good one": {
			target: "/?token=T", headers: auth("Bearer T"), rule: ruleURL,
		},
		"in the URL":            {target: "/?a=1&token=T%2e&b=2", inURL: true, want: "T.", query: "a=1&b=2"},
		"in the URL, escaped":   {target: "/?%74oken=T", inURL: true, want: "T"},
		"twice in the URL":      {target: "/?token=T&token=T", inURL: true, rule: ruleSeveral},
		"in the URL and before": {target: "/?token=T", headers: auth("Bearer T"), inURL: true, rule: ruleSeveral},
		"subprotocol and header": {
			target: "/", headers: both("Bearer T", "verbatim.v1, bearer.T"), socket: true, rule: ruleSeveral,
		},
	} {
		r := httptest.NewRequest("GET", row.target, nil)
		for name, values := range row.headers {
			r.Header[name] = values
		}
		a := &Auth{Verifier: echo{}, InURL: row.inURL}
		who, query, err := a.Identify(r, row.socket)
		switch {
		case row.rule != "":
			if err == nil || AsRefusal(err).Rule != row.rule {
				t.Errorf("%s: got %v, want a refusal by %q", what, err, row.rule)
			}
		case err != nil:
			t.Errorf("%s: refused: %v", what, err)
		case who.Name != row.want:
			t.Errorf("%s: got %q, want %q", what, who.Name, row.want)
		}
		if query != row.query {
			t.Errorf("%s: the query is %q, want %q", what, query, row.query)
		}
	}
}

func auth(values ...string) http.Header { return http.Header{"Authorization": values} }

func sub(values ...string) http.Header { return http.Header{"Sec-Websocket-Protocol": values} }

func both(auth, sub string) http.Header {
	return http.Header{"Authorization": {auth}, "Sec-Websocket-Protocol": {sub}}
}

func TestInOpenModeNobodyIsAsked(t *testing.T) {
	r := httptest.NewRequest("GET", "/?token=T", nil)
	r.Header.Set("Authorization", "Bearer T")
	if who, query, err := (&Auth{}).Identify(r, true); who != nil || query != "token=T" || err != nil {
		t.Errorf("got %v, %q, %v", who, query, err)
	}
}
