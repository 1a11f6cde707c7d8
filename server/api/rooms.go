package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"verbatim/directory"
	"verbatim/permissions"
	"verbatim/persistence"
	"verbatim/protocol"
	"verbatim/server/access"
	"verbatim/server/auth"
	"verbatim/server/gate"
	"verbatim/server/limit"
	"verbatim/server/query"
	"verbatim/server/respond"
)

// Rooms makes conversations with a title or with members, direct conversations, and changes who is a member.
type Rooms struct {
	// Fixed.
	Store     *persistence.Store
	Directory *directory.Directory
	State     *directory.State
	Policy    *permissions.Policy
	Rate      *limit.Rate // of an address: each change is written to the disk
	Visit     func(*http.Request) access.Visit
	Respond   *respond.Responder
	MaxBody   int // bytes
}

// created is the body of POST /api/conversations.
type created struct {
	ID      string    `json:"id"`
	Title   string    `json:"title"`
	Members *[]string `json:"members"` // nil: the conversation is public
}

// Create answers POST /api/conversations: it makes a public conversation with a title, or a private one with members,
// its maker among them. What is made has no entry yet.
func (c *Rooms) Create(w http.ResponseWriter, r *http.Request) {
	var asked created
	if err := c.body(w, r, &asked); err != nil {
		c.fail(w, r, err)
		return
	}
	conv := directory.Conversation{
		ID: protocol.ConversationID(asked.ID), Kind: directory.Public, Title: strings.TrimSpace(asked.Title),
		Creator: string(auth.Of(r).Subject.User),
	}
	if !conv.ID.Valid() {
		c.fail(w, r, protocol.InvalidConversation(asked.ID))
		return
	}
	if !may(c.Policy, r, permissions.Create, conv.ID) {
		c.fail(w, r, protocol.Forbidden())
		return
	}
	var members []protocol.UserID
	if asked.Members != nil {
		conv.Kind = directory.Private
		var err error
		if members, err = people(*asked.Members, auth.Of(r).Subject.User); err != nil {
			c.fail(w, r, err)
			return
		}
	}
	tail, err := c.Store.Tail(conv.ID)
	if err == nil && tail.Log != "" {
		err = directory.ErrConversationTaken
	}
	if err == nil {
		err = c.Directory.CreateConversation(lasting(r), c.by(r), conv, members)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.answer(w, http.StatusCreated, c.State.Settings(conv.ID))
}

// Members answers GET /api/conversations/{id}/members.
func (c *Rooms) Members(w http.ResponseWriter, r *http.Request) {
	id, err := permitted(c.Policy, r, permissions.Read)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	if q := query.Parse(r); q.Err != nil {
		c.fail(w, r, q.Err)
		return
	}
	room := c.State.Private(id)
	if room == nil {
		c.fail(w, r, directory.ErrNoConversation)
		return
	}
	c.answer(w, http.StatusOK, room)
}

// SetMembers answers PUT /api/conversations/{id}/members. Who is a member no more loses what is under way there.
func (c *Rooms) SetMembers(w http.ResponseWriter, r *http.Request) {
	id, err := permitted(c.Policy, r, permissions.Moderate)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	var asked struct {
		Members []string `json:"members"`
	}
	if err := c.body(w, r, &asked); err != nil {
		c.fail(w, r, err)
		return
	}
	members, err := people(asked.Members, "")
	if err == nil {
		err = c.Directory.SetMembers(lasting(r), c.by(r), id, members)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.answer(w, http.StatusOK, c.State.Settings(id))
}

// Direct answers POST /api/direct with the direct conversation of its sender and others: for the same people always the
// same.
func (c *Rooms) Direct(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		With []string `json:"with"`
	}
	if err := c.body(w, r, &asked); err != nil {
		c.fail(w, r, err)
		return
	}
	members, err := people(asked.With, auth.Of(r).Subject.User)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	id, err := c.Directory.OpenDirect(lasting(r), c.by(r), members)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	respond.JSON(w, http.StatusOK, []byte(`{"id":"`+string(id)+`"}`)) // an id needs no escape
}

// people returns the users of a list of names in their normal form, each once, with self among them if it is not "".
func people(names []string, self protocol.UserID) ([]protocol.UserID, error) {
	seen := map[protocol.UserID]bool{}
	var users []protocol.UserID
	add := func(user protocol.UserID) {
		if !seen[user] {
			seen[user] = true
			users = append(users, user)
		}
	}
	if self != "" {
		add(self)
	}
	for _, name := range names {
		user, problem := protocol.Name(name)
		if problem != nil {
			return nil, problem
		}
		if strings.HasPrefix(string(user), "guest-") {
			return nil, protocol.BadRequest("a guest is nobody's member: their name is another one the next time")
		}
		add(user)
	}
	return users, nil
}

// body reads a JSON object of known fields, each once.
func (c *Rooms) body(w http.ResponseWriter, r *http.Request, into any) error {
	if auth.Of(r).Subject.Kind == permissions.Guest {
		return protocol.Forbidden()
	}
	if err := c.Rate.Allow(c.Visit(r).Addr); err != nil {
		return err
	}
	if q := query.Parse(r); q.Err != nil {
		return q.Err
	}
	if problem := unsupported(w.Header(), r); problem != nil {
		return problem
	}
	text, err := io.ReadAll(http.MaxBytesReader(respond.Underlying(w), r.Body, int64(c.MaxBody)))
	gate.Complete(r)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return protocol.Errorf(protocol.CodeTooLarge, "this body has at most %d bytes", c.MaxBody)
	} else if err != nil {
		return protocol.BadRequest("the body could not be read to its end: send it again")
	}
	if err := json.Unmarshal(text, into, json.RejectUnknownMembers(true)); err != nil {
		return protocol.BadRequest("the body is not the JSON object that is expected here: " +
			"docs/protocol/permissions.md")
	}
	return nil
}

// fail answers with an error of the directory in words for the client.
func (c *Rooms) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, directory.ErrConversationTaken):
		err = protocol.Errorf(protocol.CodeConflict, "there is such a conversation already: choose another id")
	case errors.Is(err, directory.ErrNoConversation):
		err = protocol.Errorf(protocol.CodeNotFound,
			"this conversation has no members: whoever may, reads and writes it")
	case errors.Is(err, directory.ErrConversation):
		err = protocol.BadRequest("a title has at most 200 characters")
	case errors.Is(err, directory.ErrMembers):
		err = protocol.BadRequest("a private conversation has 1 to 10,000 members")
	case errors.Is(err, directory.ErrDirect):
		err = protocol.BadRequest("a direct conversation is between 2 to 50 people: with names the others")
	}
	c.Respond.Fail(w, r, err)
}

// by returns who changes the directory, for its audit trail.
func (c *Rooms) by(r *http.Request) directory.By {
	from, _ := c.Respond.Sender(r)
	return directory.By{Actor: string(auth.Of(r).Subject.User), From: from}
}

// lasting returns a request's context without its end: what has begun is finished, though the client is gone.
func lasting(r *http.Request) context.Context { return context.WithoutCancel(r.Context()) }

// room is a conversation's settings as the answers have them.
type room struct {
	ID      protocol.ConversationID `json:"id"`
	Title   string                  `json:"title,omitempty"`
	Created string                  `json:"created"`
	Members []protocol.UserID       `json:"members,omitempty"`
}

func (c *Rooms) answer(w http.ResponseWriter, status int, s *directory.Settings) {
	if s == nil { // removed by somebody else this moment
		respond.Refuse(w, http.StatusNotFound, protocol.Errorf(protocol.CodeNotFound, "it was removed"))
		return
	}
	text, err := json.Marshal(room{s.ID, s.Title, s.Created.UTC().Format(time.RFC3339), s.Members()})
	if err != nil {
		panic("api: a conversation's settings have no JSON: " + err.Error())
	}
	respond.JSON(w, status, text)
}
