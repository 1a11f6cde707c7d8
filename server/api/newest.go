package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/rs/zerolog"

	"verbatim/persistence"
	"verbatim/protocol"
	"verbatim/server/logging"
	"verbatim/server/query"
	"verbatim/server/respond"
)

// listNewest answers GET /api/conversations?sort=-time: the newest first, each with its last message. A page has as
// many bytes as one of messages, at most.
func (c *Conversations) listNewest(w http.ResponseWriter, r *http.Request, q *query.Query) {
	which, after, limit := c.which(r, q), placeOf(q, "after"), q.Limit(1)
	if q.Err != nil {
		c.Respond.Fail(w, r, q.Err)
		return
	}
	page, places, more := c.Store.Newest(which, after, limit)
	body := append(make([]byte, 0, 64+512*len(page)), `{"conversations":[`...)
	n := 0
	for ; n < len(page); n++ {
		message := c.lastMessage(r, page[n])
		if n > 0 && len(body)+len(message) > c.MaxPage {
			more = true
			break
		}
		if n > 0 {
			body = append(body, ',')
		}
		body = c.appendListed(body, page[n])
		if message != nil {
			body = append(append(body, `,"last_message":`...), message...)
		}
		body = append(body, '}')
	}
	body = strconv.AppendBool(append(body, `],"more":`...), more)
	if more {
		body = append(append(body, `,"next":"`...), placeText(places[n-1])...)
		body = append(body, '"')
	}
	respond.JSON(w, http.StatusOK, append(body, '}'))
}

// lastMessage returns the last entry of a conversation, or nil if it cannot be read: the other conversations are listed
// all the same.
func (c *Conversations) lastMessage(r *http.Request, listed persistence.Listed) []byte {
	wire, err := c.Store.LastEntry(r.Context(), listed.ID, listed.Tail)
	if err != nil && r.Context().Err() == nil {
		c.Notes.Add(logging.Note{
			Kind: "http: last message", Level: zerolog.ErrorLevel, Err: err, Conversation: string(listed.ID),
			Words: "a conversation is listed without its last message, which could not be read", Do: respond.CheckDisk,
		})
	}
	return wire
}

// placeText returns a place in a list as `next` has it: the order, the time in microseconds, the id.
func placeText(p persistence.Place) string {
	return strconv.FormatUint(p.Order, 36) + "." + strconv.FormatInt(int64(p.Time), 36) + "." + string(p.ID)
}

// placeOf returns a place in a list. An empty value is the place before the first.
func placeOf(q *query.Query, name string) (p persistence.Place) {
	text := q.Text(name)
	if q.Err != nil || text == "" {
		return p
	}
	order, rest, _ := strings.Cut(text, ".")
	moment, id, _ := strings.Cut(rest, ".")
	n, err := strconv.ParseUint(order, 36, 64)
	t, notTime := strconv.ParseInt(moment, 36, 64)
	if err != nil || notTime != nil || n == 0 || !protocol.ConversationID(id).Valid() {
		q.Err = query.WrongValue(text,
			"with sort=-time, %s is the `next` of the page before, or left out for the first page", name)
		return p
	}
	return persistence.Place{Order: n, Time: protocol.Time(t), ID: protocol.ConversationID(id)}
}
