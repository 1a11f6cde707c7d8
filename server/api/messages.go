package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"verbatim/hub"
	"verbatim/identity"
	"verbatim/permissions"
	"verbatim/persistence"
	"verbatim/protocol"
	"verbatim/server/auth"
	"verbatim/server/query"
	"verbatim/server/respond"
)

// maxWait bounds `wait`, in the contract's words, and how long a POST waits for the record.
const maxWait = 60 * time.Second

// Messages answers GET /api/conversations/{id}/messages with a page of entries, or with an event stream.
type Messages struct {
	// Fixed.
	Store        *persistence.Store
	Hub          *hub.Hub
	Streams      *Streams
	Respond      *respond.Responder
	Serving      context.Context     // ends when the drain begins: then nobody waits any longer
	MaxPage      int                 // bytes of a page, at most
	Policy       *permissions.Policy // nil: everything may be read
	WriteTimeout time.Duration
	TokenGrace   time.Duration // how long a request may wait after its token is over
}

// pageRequest is what GET …/messages asks for.
type pageRequest struct {
	persistence.PageRequest
	log   protocol.LogID
	known protocol.Number // an entry that the client knows
	sum   string          // known's, as the client has it
	wait  time.Duration
}

// Get answers the request.
func (m *Messages) Get(w http.ResponseWriter, r *http.Request) {
	id, err := permitted(m.Policy, r, permissions.Read)
	if err != nil {
		m.Respond.Fail(w, r, err)
		return
	}
	w.Header().Add("Vary", "Accept")
	if wantsEvents(r) {
		m.Streams.serve(w, r, id)
		return
	}
	asked, err := readPageRequest(r, m.MaxPage)
	if err != nil {
		m.Respond.Fail(w, r, err)
		return
	}
	page, err := m.page(r.Context(), id, asked)
	if asked.wait > 0 && (err == nil && len(page.Messages) == 0 || asked.first() && isNotFound(err)) {
		page, err = m.waitForPage(w, r, id, asked)
	}
	if !may(m.Policy, r, permissions.Read, id) { // withdrawn meanwhile
		err = protocol.Forbidden()
	}
	if err != nil {
		m.Respond.Fail(w, r, err)
		return
	}
	respond.JSON(w, http.StatusOK, appendPage(nil, page))
}

// readPageRequest reads the query of a request for messages.
func readPageRequest(r *http.Request, maxBytes int) (pageRequest, error) {
	q := query.Parse(r, "after", "before", "limit", "wait", "log", "known", "sum")
	asked := pageRequest{log: protocol.LogID(q.Text("log"))}
	asked.After, asked.Before = q.Number("after"), q.Number("before")
	asked.known, asked.sum = q.Number("known"), q.Text("sum")
	if problem := protocol.CheckKnown(asked.known, asked.sum); q.Err == nil && problem != nil {
		q.Err = problem
	}
	asked.Limit, asked.MaxBytes = q.Limit(0), maxBytes
	asked.wait = q.Seconds("wait", maxWait)
	if q.Err == nil && q.Text("wait") != "" && !asked.After.Set {
		q.Err = protocol.BadRequest("wait needs after: it waits for what comes after that seq")
	}
	if asked.Before.Set && asked.Before.Value <= asked.After.Value+1 {
		asked.wait = 0 // nothing can ever come between the two
	}
	return asked, q.Err
}

// first reports whether the first entry of a conversation would answer the request. If the client knows more of the
// record, what it waits for is gone.
func (asked *pageRequest) first() bool {
	return asked.After.Set && asked.After.Value == 0 && asked.log == "" && !asked.known.Set
}

// page reads a page of a conversation that exists, of the record that the client knows.
func (m *Messages) page(ctx context.Context, id protocol.ConversationID, asked pageRequest) (persistence.Page, error) {
	// The log is looked at before the page is read: of another log the seqs mean nothing.
	tail, err := m.Store.Tail(id)
	if err != nil {
		return persistence.Page{}, err
	}
	if err := sameLog(id, tail, asked.log); err != nil {
		return persistence.Page{}, err
	}
	if asked.known.Set {
		same, err := m.Store.Holds(ctx, id, protocol.Seq(asked.known.Value), asked.sum)
		if err == nil && !same {
			err = protocol.Reset()
		}
		if err != nil {
			return persistence.Page{}, err
		}
	}
	page, err := m.Store.Page(ctx, id, asked.PageRequest)
	if err != nil {
		return persistence.Page{}, err
	}
	return page, sameLog(id, page.Tail, asked.log)
}

// sameLog returns an error if a conversation does not exist, or has another log than the client knows.
func sameLog(id protocol.ConversationID, tail persistence.Tail, log protocol.LogID) error {
	switch {
	case tail.Log == "":
		return notFound(id)
	case log != "" && log != tail.Log:
		return protocol.Reset()
	}
	return nil
}

// waitForPage waits for an entry after the seq that the client has, and reads again. If the time is over, or the server
// drains, the page is still empty. It also waits for a conversation that does not exist yet.
func (m *Messages) waitForPage(
	w http.ResponseWriter, r *http.Request, id protocol.ConversationID, asked pageRequest,
) (persistence.Page, error) {
	wait, ends := asked.wait, time.Time{}
	if who := auth.Of(r); who != nil && !who.Expires.IsZero() {
		ends = who.Expires.Add(m.TokenGrace)
		wait = min(wait, time.Until(ends))
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	defer context.AfterFunc(m.Serving, cancel)()
	respond.ExtendDeadlines(w, asked.wait+m.WriteTimeout)
	err := m.wait(ctx, r, id, protocol.Seq(asked.After.Value))
	if err != nil && ctx.Err() == nil {
		return persistence.Page{}, err
	}
	switch {
	case r.Context().Err() != nil:
		return persistence.Page{}, r.Context().Err()
	case !ends.IsZero() && !time.Now().Before(ends):
		return persistence.Page{}, protocol.Errorf(protocol.CodeUnauthorized, "%s", identity.TokenExpired)
	}
	page, err := m.page(r.Context(), id, asked)
	if isNotFound(err) && m.Serving.Err() != nil {
		err = protocol.Unavailable("the server is draining: ask again", respond.RetryDelay())
	}
	return page, err
}

// wait waits for an entry after that seq, for the end of ctx, or until the conversation may no longer be read.
func (m *Messages) wait(ctx context.Context, r *http.Request, id protocol.ConversationID, after protocol.Seq) error {
	if m.Policy == nil {
		return m.Hub.Wait(ctx, id, after)
	}
	for {
		changed := m.Policy.Changed()
		if !may(m.Policy, r, permissions.Read, id) {
			return protocol.Forbidden()
		}
		until, stop := context.WithCancel(ctx)
		go func() { // owned by wait; waits for a change; ends with until
			select {
			case <-changed:
				stop()
			case <-until.Done():
			}
		}()
		err := m.Hub.Wait(until, id, after)
		weighAgain := until.Err() != nil && ctx.Err() == nil
		stop()
		if !weighAgain {
			return err
		}
	}
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
