package server

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/rs/zerolog"

	"verbatim/persistence"
	"verbatim/protocol"
	"verbatim/server/logging"
	"verbatim/server/respond"
)

// listNewest answers GET /api/conversations?sort=-time: the newest first, each with its last message. A page has as
// many bytes as one of messages, at most.
func (s *Server) listNewest(w http.ResponseWriter, r *http.Request, q *query) {
	which, after, limit := q.which(), q.place("after"), q.limit(1)
	if q.err != nil {
		s.respond.Fail(w, r, q.err)
		return
	}
	page, places, more := s.store.Newest(which, after, limit)
	body := append(make([]byte, 0, 64+512*len(page)), `{"conversations":[`...)
	n := 0
	for ; n < len(page); n++ {
		message := s.lastMessage(r, page[n])
		if n > 0 && len(body)+len(message) > s.limits.Page {
			more = true
			break
		}
		if n > 0 {
			body = append(body, ',')
		}
		body = s.appendListed(body, page[n])
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

// lastMessage returns what stands last in a conversation; nil where it cannot be read, which keeps nobody from the
// others.
func (s *Server) lastMessage(r *http.Request, c persistence.Listed) []byte {
	wire, err := s.store.LastEntry(r.Context(), c.ID, c.Tail)
	if err != nil && r.Context().Err() == nil {
		s.notes.Add(logging.Note{
			Kind: "http: last message", Level: zerolog.ErrorLevel, Err: err, Conversation: string(c.ID),
			Words: "a conversation is listed without its last message, which could not be read", Do: respond.CheckDisk,
		})
	}
	return wire
}

// placeText is a place in a list as `next` has it: the order, the time in microseconds, the id.
func placeText(p persistence.Place) string {
	return strconv.FormatUint(p.Order, 36) + "." + strconv.FormatInt(int64(p.Time), 36) + "." + string(p.ID)
}

// place reads a place in a list; none is before the first.
func (q *query) place(name string) (p persistence.Place) {
	text := q.text(name)
	if q.err != nil || text == "" {
		return p
	}
	order, rest, _ := strings.Cut(text, ".")
	moment, id, _ := strings.Cut(rest, ".")
	n, err := strconv.ParseUint(order, 36, 64)
	t, notTime := strconv.ParseInt(moment, 36, 64)
	if err != nil || notTime != nil || n == 0 || !protocol.ConversationID(id).Valid() {
		q.err = wrongValue(text, "with sort=-time, %s is the `next` of the page before, or left out for the first page", name)
		return p
	}
	return persistence.Place{Order: n, Time: protocol.Time(t), ID: protocol.ConversationID(id)}
}
