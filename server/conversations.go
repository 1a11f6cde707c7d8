package server

import (
	"net/http"
	"strconv"

	"verbatim/protocol"
)

// listConversations answers GET /api/conversations: by id, with last seq, last time and how many users are online.
func (s *Server) listConversations(w http.ResponseWriter, r *http.Request) {
	q := parseQuery(r)
	prefix, after, limit := q.text("prefix"), q.text("after"), q.limit(1)
	if q.err != nil {
		s.fail(w, r, q.err)
		return
	}
	page, more := s.store.List(prefix, protocol.ConversationID(after), limit)
	body := make([]byte, 0, 64+128*len(page))
	body = append(body, `{"conversations":[`...)
	for i, c := range page {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(append(body, `{"id":"`...), c.ID...) // a valid id needs no escape
		body = strconv.AppendUint(append(body, `","last":`...), uint64(c.Last), 10)
		body = c.Time.Append(append(body, `,"time":"`...))
		body = strconv.AppendInt(append(body, `","online":`...), int64(s.hub.Online(c.ID)), 10)
		body = append(body, '}')
	}
	body = strconv.AppendBool(append(body, `],"more":`...), more)
	writeJSON(w, http.StatusOK, append(body, '}'))
}
