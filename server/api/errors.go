package api

import (
	"errors"
	"net/http"

	"verbatim/protocol"
)

// conversation returns the conversation that a request's path names.
func conversation(r *http.Request) (protocol.ConversationID, error) {
	id := protocol.ConversationID(r.PathValue("id"))
	if !id.Valid() {
		return "", protocol.InvalidConversation(string(id))
	}
	return id, nil
}

func notFound(id protocol.ConversationID) *protocol.Error {
	return protocol.Errorf(protocol.CodeNotFound, "there is no conversation %q: it exists from its first message "+
		"on", id)
}

func isNotFound(err error) bool {
	var known *protocol.Error
	return errors.As(err, &known) && known.Code == protocol.CodeNotFound
}
