package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

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

// Posts answers POST /api/conversations/{id}/messages once the message is on the record.
type Posts struct {
	// Fixed.
	Store        *persistence.Store
	Limits       *protocol.Limits
	Rate         *limit.Rate
	Visit        func(*http.Request) access.Visit
	Respond      *respond.Responder
	Refused      prometheus.Counter // counts posts over the rate
	WriteTimeout time.Duration
	Policy       *permissions.Policy // nil: everything may be written
}

// Post answers the request.
func (p *Posts) Post(w http.ResponseWriter, r *http.Request) {
	if err := p.Rate.Allow(p.Visit(r).Addr); err != nil {
		p.Refused.Inc()
		p.Respond.Fail(w, r, err)
		return
	}
	if problem := unsupported(w.Header(), r); problem != nil {
		respond.Refuse(w, http.StatusUnsupportedMediaType, problem)
		return
	}
	if r.URL.RawQuery != "" { // as it nearly never is
		if q := query.Parse(r); q.Err != nil {
			p.Respond.Fail(w, r, q.Err)
			return
		}
	}
	send, err := p.read(w, r)
	if err != nil {
		p.Respond.Fail(w, r, err)
		return
	}
	respond.ExtendDeadlines(w, maxWait+p.WriteTimeout)
	// A client that has closed its sending end still waits for the answer, but net/http takes it for one that is gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), maxWait)
	defer cancel()
	if err := p.Store.SendWait(ctx, send); err != nil {
		p.Respond.Fail(w, r, err)
		return
	}
	if send.Err != nil {
		p.Respond.Fail(w, r, send.Err)
		return
	}
	status := http.StatusCreated
	if send.Duplicate {
		status = http.StatusOK
	}
	respond.JSON(w, status, send.Ack().AppendJSON(nil))
}

// read reads and checks the body.
func (p *Posts) read(w http.ResponseWriter, r *http.Request) (*persistence.Send, error) {
	id, err := permitted(p.Policy, r, permissions.Write)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(respond.Underlying(w), r.Body, int64(p.Limits.Frame)))
	gate.Complete(r)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, protocol.Errorf(protocol.CodeTooLarge, "a message's body has at most %d bytes", p.Limits.Frame)
	} else if err != nil {
		return nil, protocol.BadRequest("the body could not be read to its end: send it again")
	}
	if !utf8.Valid(body) {
		return nil, protocol.BadRequest("the body is not valid UTF-8")
	}
	post, problem := protocol.DecodePost(body, id, unquoted(r.Header.Get("Idempotency-Key")), p.Limits)
	if problem != nil {
		return nil, problem
	}
	if err := author(r, &post, body); err != nil {
		return nil, err
	}
	name := ""
	if who := auth.Of(r); who != nil && who.Name != string(who.Subject.User) {
		name = who.Name
	}
	return &persistence.Send{Message: persistence.Message{
		Conversation: id, Author: post.From, Name: name, ID: post.ID, Prev: post.Prev, Since: post.Since,
		Expects: post.Log, NoCreate: !may(p.Policy, r, permissions.Create, id),
		Text: post.Text, Target: post.Target, Meta: post.Meta, Ref: post.Ref, Bytes: post.Bytes,
	}}, nil
}

// author fills in and checks who a message is from: whoever has a credential speaks for themselves.
func author(r *http.Request, post *protocol.Request, body []byte) *protocol.Error {
	who := auth.Of(r)
	switch {
	case who == nil && post.From == "":
		return protocol.NoFrom(body)
	case who == nil || post.From == who.Subject.User:
		return nil
	case post.From == "":
		post.From = who.Subject.User
		return nil
	}
	return protocol.Errorf(protocol.CodeForbidden, "from is another user than that of the token: leave it out")
}

// unquoted removes the quotes of an Idempotency-Key, which is a string as in RFC 9651.
func unquoted(key string) string {
	if len(key) >= 2 && strings.HasPrefix(key, `"`) && strings.HasSuffix(key, `"`) {
		return key[1 : len(key)-1]
	}
	return key
}
