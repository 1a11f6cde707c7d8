package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"verbatim/persistence"
	"verbatim/protocol"
	"verbatim/server/gate"
	"verbatim/server/respond"
)

// maxWait bounds `wait`, in the contract's words, and how long a POST waits for the record.
const maxWait = 60 * time.Second

// pageRequest is what GET …/messages asks for.
type pageRequest struct {
	persistence.PageRequest
	log   protocol.LogID
	known protocol.Number // an entry that the client knows
	sum   string          // known's, as the client has it
	wait  time.Duration
}

// readMessages answers GET /api/conversations/{id}/messages with a page of entries, or with a stream of events.
func (s *Server) readMessages(w http.ResponseWriter, r *http.Request) {
	id, err := conversation(r)
	if err != nil {
		s.respond.Fail(w, r, err)
		return
	}
	w.Header().Add("Vary", "Accept")
	if wantsEvents(r) {
		s.streamMessages(w, r, id)
		return
	}
	asked, err := s.pageRequest(r)
	if err != nil {
		s.respond.Fail(w, r, err)
		return
	}
	page, err := s.page(r.Context(), id, asked)
	if asked.wait > 0 && (err == nil && len(page.Messages) == 0 || asked.first() && isNotFound(err)) {
		page, err = s.waitForPage(w, r, id, asked)
	}
	if err != nil {
		s.respond.Fail(w, r, err)
		return
	}
	respond.JSON(w, http.StatusOK, appendPage(nil, page))
}

func (s *Server) pageRequest(r *http.Request) (pageRequest, error) {
	q := parseQuery(r, "after", "before", "limit", "wait", "log", "known", "sum")
	asked := pageRequest{log: protocol.LogID(q.text("log"))}
	asked.After, asked.Before = q.number("after"), q.number("before")
	asked.known, asked.sum = q.number("known"), q.text("sum")
	if problem := protocol.CheckKnown(asked.known, asked.sum); q.err == nil && problem != nil {
		q.err = problem
	}
	asked.Limit, asked.MaxBytes = q.limit(0), s.limits.Page
	asked.wait = q.seconds("wait", maxWait)
	if q.err == nil && q.text("wait") != "" && !asked.After.Set {
		q.err = protocol.BadRequest("wait needs after: it waits for what comes after that seq")
	}
	if asked.Before.Set && asked.Before.Value <= asked.After.Value+1 {
		asked.wait = 0 // nothing can ever stand between the two
	}
	return asked, q.err
}

// first reports whether the first entry of a conversation would answer. With anything else that the client knows of its
// record, what it waits for is gone.
func (asked *pageRequest) first() bool {
	return asked.After.Set && asked.After.Value == 0 && asked.log == "" && !asked.known.Set
}

// page reads a page of a conversation that exists, of the record that the client knows.
func (s *Server) page(ctx context.Context, id protocol.ConversationID, asked pageRequest) (persistence.Page, error) {
	// The log is looked at before the page is read: of another log the seqs mean nothing.
	tail, err := s.store.Tail(id)
	if err != nil {
		return persistence.Page{}, err
	}
	if err := sameLog(id, tail, asked.log); err != nil {
		return persistence.Page{}, err
	}
	if asked.known.Set {
		same, err := s.store.Holds(ctx, id, protocol.Seq(asked.known.Value), asked.sum)
		if err == nil && !same {
			err = protocol.Reset()
		}
		if err != nil {
			return persistence.Page{}, err
		}
	}
	page, err := s.store.Page(ctx, id, asked.PageRequest)
	if err != nil {
		return persistence.Page{}, err
	}
	return page, sameLog(id, page.Tail, asked.log)
}

func sameLog(id protocol.ConversationID, tail persistence.Tail, log protocol.LogID) error {
	switch {
	case tail.Log == "":
		return notFound(id)
	case log != "" && log != tail.Log:
		return protocol.Reset()
	}
	return nil
}

// waitForPage waits for an entry after the seq that the client has, and reads again. Where the time is over, or the
// server drains, the page is empty still. A conversation that does not exist yet is waited for likewise.
func (s *Server) waitForPage(w http.ResponseWriter, r *http.Request, id protocol.ConversationID, asked pageRequest) (persistence.Page, error) {
	ctx, cancel := context.WithTimeout(r.Context(), asked.wait)
	defer cancel()
	defer context.AfterFunc(s.serving, cancel)()
	respond.ExtendDeadlines(w, asked.wait+s.cfg.WriteTimeout)
	err := s.hub.Wait(ctx, id, protocol.Seq(asked.After.Value))
	if err != nil && ctx.Err() == nil {
		return persistence.Page{}, err
	}
	if r.Context().Err() != nil {
		return persistence.Page{}, r.Context().Err()
	}
	page, err := s.page(r.Context(), id, asked)
	if isNotFound(err) && s.draining() {
		err = protocol.Unavailable("the server is draining: ask again", respond.RetryDelay())
	}
	return page, err
}

func appendPage(dst []byte, page persistence.Page) []byte {
	dst = append(dst, `{"log":"`...)
	dst = append(dst, page.Tail.Log...)
	dst = strconv.AppendUint(append(dst, `","last":`...), uint64(page.Tail.Last), 10)
	dst = append(append(dst, `,"sum":"`...), page.Tail.Sum.String()...)
	dst = append(append(dst, `","messages":[`...), page.Messages...)
	dst = strconv.AppendBool(append(dst, `],"more":`...), page.More)
	return append(dst, '}')
}

// postMessage answers POST /api/conversations/{id}/messages once the message is on the record.
func (s *Server) postMessage(w http.ResponseWriter, r *http.Request) {
	if err := s.posts.Allow(s.proxies.Visit(r).Addr); err != nil {
		s.metrics.refused.WithLabelValues("rate").Inc()
		s.respond.Fail(w, r, err)
		return
	}
	if problem := unsupported(w.Header(), r); problem != nil {
		respond.Refuse(w, http.StatusUnsupportedMediaType, problem)
		return
	}
	if r.URL.RawQuery != "" { // as it nearly never is
		if q := parseQuery(r); q.err != nil {
			s.respond.Fail(w, r, q.err)
			return
		}
	}
	send, err := s.readPost(w, r)
	if err != nil {
		s.respond.Fail(w, r, err)
		return
	}
	respond.ExtendDeadlines(w, maxWait+s.cfg.WriteTimeout)
	// A client that has closed its sending end waits for its answer still; net/http takes it for one that is gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), maxWait)
	defer cancel()
	if err := s.store.SendWait(ctx, send); err != nil {
		s.respond.Fail(w, r, err)
		return
	}
	if send.Err != nil {
		s.respond.Fail(w, r, send.Err)
		return
	}
	status := http.StatusCreated
	if send.Duplicate {
		status = http.StatusOK
	}
	respond.JSON(w, status, send.Ack().AppendJSON(nil))
}

// readPost reads and checks the body.
func (s *Server) readPost(w http.ResponseWriter, r *http.Request) (*persistence.Send, error) {
	id, err := conversation(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(respond.Underlying(w), r.Body, int64(s.limits.Frame)))
	gate.Complete(r)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, protocol.Errorf(protocol.CodeTooLarge, "a message's body has at most %d bytes", s.limits.Frame)
	} else if err != nil {
		return nil, protocol.BadRequest("the body could not be read to its end: send it again")
	}
	if !utf8.Valid(body) {
		return nil, protocol.BadRequest("the body is not valid UTF-8")
	}
	post, problem := protocol.DecodePost(body, id, unquoted(r.Header.Get("Idempotency-Key")), s.limits)
	if problem != nil {
		return nil, problem
	}
	if post.From == "" {
		return nil, protocol.NoFrom(body)
	}
	return &persistence.Send{
		Conversation: id, Author: post.From, ID: post.ID, Prev: post.Prev, Since: post.Since, Expects: post.Log,
		Text: post.Text, Target: post.Target, Meta: post.Meta, Ref: post.Ref, Bytes: post.Bytes,
	}, nil
}

// unquoted takes the quotes off an Idempotency-Key, which is a string in the words of RFC 9651.
func unquoted(key string) string {
	if len(key) >= 2 && strings.HasPrefix(key, `"`) && strings.HasSuffix(key, `"`) {
		return key[1 : len(key)-1]
	}
	return key
}

func notFound(id protocol.ConversationID) *protocol.Error {
	return protocol.Errorf(protocol.CodeNotFound, "there is no conversation %q: it exists from its first message on", id)
}

func isNotFound(err error) bool {
	var known *protocol.Error
	return errors.As(err, &known) && known.Code == protocol.CodeNotFound
}
