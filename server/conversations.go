package server

import (
	"net/http"
	"strconv"

	"verbatim/persistence"
	"verbatim/protocol"
	"verbatim/server/respond"
)

// listConversations answers GET /api/conversations: with last seq, last time and how many users are online; by id, or with
// sort=-time the newest first.
func (s *Server) listConversations(w http.ResponseWriter, r *http.Request) {
	q := parseQuery(r, "prefix", "contains", "after", "limit", "sort")
	switch q.text("sort") {
	case "", "id":
		s.listByID(w, r, q)
	case "-time":
		s.listNewest(w, r, q)
	default:
		s.respond.Fail(w, r, wrongValue(q.text("sort"), "sort is id (the default) or -time (the newest first)"))
	}
}

func (s *Server) listByID(w http.ResponseWriter, r *http.Request, q *query) {
	which, after, limit := q.which(), q.text("after"), q.limit(1)
	if q.err == nil && after != "" && !protocol.ConversationID(after).Valid() {
		q.err = wrongValue(after, "after is the id of a conversation")
	}
	if q.err != nil {
		s.respond.Fail(w, r, q.err)
		return
	}
	page, more := s.store.List(which, protocol.ConversationID(after), limit)
	body := make([]byte, 0, 64+128*len(page))
	body = append(body, `{"conversations":[`...)
	for i, c := range page {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(s.appendListed(body, c), '}')
	}
	body = strconv.AppendBool(append(body, `],"more":`...), more)
	respond.JSON(w, http.StatusOK, append(body, '}'))
}

// which reads which conversations are asked for.
func (q *query) which() persistence.Which {
	return persistence.Which{Prefix: q.text("prefix"), Contains: q.text("contains")}
}

// appendListed adds a conversation, without its last brace.
func (s *Server) appendListed(dst []byte, c persistence.Listed) []byte {
	dst = append(append(dst, `{"id":"`...), c.ID...) // a valid id needs no escape
	dst = strconv.AppendUint(append(dst, `","last":`...), uint64(c.Last), 10)
	dst = c.Time.Append(append(dst, `,"time":"`...))
	return strconv.AppendInt(append(dst, `","online":`...), int64(s.hub.Online(c.ID)), 10)
}
