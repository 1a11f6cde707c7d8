// Package api answers the HTTP API below /api/: each resource has a handler of its own.
package api

import (
	"net/http"
	"strconv"

	"verbatim/hub"
	"verbatim/permissions"
	"verbatim/persistence"
	"verbatim/protocol"
	"verbatim/server/logging"
	"verbatim/server/query"
	"verbatim/server/respond"
)

// Conversations answers GET /api/conversations: the list of conversations, each with last seq, last time and how many
// users are online; by id, or with sort=-time the newest first.
type Conversations struct {
	// Fixed.
	Store   *persistence.Store
	Hub     *hub.Hub
	Respond *respond.Responder
	Notes   *logging.Notes
	MaxPage int                 // bytes of a page of the newest, at most
	Policy  *permissions.Policy // nil: everything may be read
}

// Get answers the request.
func (c *Conversations) Get(w http.ResponseWriter, r *http.Request) {
	q := query.Parse(r, "prefix", "contains", "after", "limit", "sort")
	switch q.Text("sort") {
	case "", "id":
		c.listByID(w, r, q)
	case "-time":
		c.listNewest(w, r, q)
	default:
		c.Respond.Fail(w, r, query.WrongValue(q.Text("sort"), "sort is id (the default) or -time (the newest first)"))
	}
}

func (c *Conversations) listByID(w http.ResponseWriter, r *http.Request, q *query.Query) {
	which, after, limit := c.which(r, q), q.Text("after"), q.Limit(1)
	if q.Err == nil && after != "" && !protocol.ConversationID(after).Valid() {
		q.Err = query.WrongValue(after, "after is the id of a conversation")
	}
	if q.Err != nil {
		c.Respond.Fail(w, r, q.Err)
		return
	}
	page, more := c.Store.List(which, protocol.ConversationID(after), limit)
	body := make([]byte, 0, 64+128*len(page))
	body = append(body, `{"conversations":[`...)
	for i, listed := range page {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(c.appendListed(body, listed), '}')
	}
	body = strconv.AppendBool(append(body, `],"more":`...), more)
	respond.JSON(w, http.StatusOK, append(body, '}'))
}

// which returns which conversations a query asks for, of those that may be read.
func (c *Conversations) which(r *http.Request, q *query.Query) persistence.Which {
	which := persistence.Which{Prefix: q.Text("prefix"), Contains: q.Text("contains")}
	if c.Policy != nil {
		which.May = func(id protocol.ConversationID) bool { return may(c.Policy, r, permissions.Read, id) }
	}
	return which
}

// appendListed adds a conversation, without its last brace.
func (c *Conversations) appendListed(dst []byte, listed persistence.Listed) []byte {
	dst = append(append(dst, `{"id":"`...), listed.ID...) // a valid id needs no escape
	dst = strconv.AppendUint(append(dst, `","last":`...), uint64(listed.Last), 10)
	dst = listed.Time.Append(append(dst, `,"time":"`...))
	return strconv.AppendInt(append(dst, `","online":`...), int64(c.Hub.Online(listed.ID)), 10)
}
