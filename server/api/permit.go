package api

import (
	"net/http"

	"verbatim/permissions"
	"verbatim/protocol"
	"verbatim/server/auth"
)

// may reports whether who sends the request may do this in the conversation. A nil policy allows everything.
func may(p *permissions.Policy, r *http.Request, v permissions.Verb, id protocol.ConversationID) bool {
	return p == nil || p.May(auth.Of(r).Subject, v, id)
}

// permitted returns the conversation that a request's path names, if who sends it may do this there. Nothing is looked
// up, so the answer is the same whether the conversation exists or not.
func permitted(p *permissions.Policy, r *http.Request, v permissions.Verb) (protocol.ConversationID, error) {
	id, err := conversation(r)
	if err == nil && !may(p, r, v, id) {
		err = protocol.Forbidden()
	}
	return id, err
}
