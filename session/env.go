package session

import (
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"verbatim/hub"
	"verbatim/identity"
	"verbatim/permissions"
	"verbatim/persistence"
	"verbatim/protocol"
)

// Env is what all sessions and streams of events of a server share. Its fields are fixed before the first Run.
type Env struct {
	Store    *persistence.Store
	Hub      *hub.Hub
	Limits   *protocol.Limits
	Version  string
	Log      zerolog.Logger
	Counters *Counters
	Latency  func(seconds float64) // publish to deliver, of a sample of the writes; nil: not measured

	// Ended and Refused hear of ends and of refused requests, from any goroutine. They must not wait. nil: nobody does.
	Ended   func(End)
	Refused func(Refusal)

	// Verifier verifies the tokens that renew a session's own. nil: no session has one.
	Verifier identity.Verifier

	// Refuses says whether a credential that was good is so no more (Recheck). It is called often, must not wait, and
	// is safe for concurrent use. nil: what is good stays good until its end.
	Refuses func(Credential) *identity.Refusal

	// Policy decides what a session and a stream may do. nil: everything. Otherwise each has an identity.
	Policy *permissions.Policy

	reading  leavers
	expiries expiries
	fetches  fetchSlots
}

// Counters are counted up by sessions. Any goroutine may read them.
type Counters struct {
	Sessions    atomic.Int64 // that are live now
	Streams     atomic.Int64 // of events, that are live now
	Messages    atomic.Int64 // sends that were read
	Deliveries  atomic.Int64 // entries that were written to sockets
	BytesOut    atomic.Int64
	BadRequests atomic.Int64
	Blocked     atomic.Int64 // times that a session stopped reading for want of room
}

// tell says that a request was refused, or that entries could not be read.
func (e *Env) tell(no Refusal) {
	switch {
	case e.Refused != nil:
		e.Refused(no)
	case no.Cause != nil:
		e.Log.Error().Err(no.Cause).Str("session", no.Session).Msg("a request could not be served")
	}
}

// maxFetches bounds how many sessions and streams read history or the record at the same time, and so the memory of
// their blocks.
const maxFetches = 64

// fetchSlots are the places of those that read history or the record. The Env owns them: they bound the reads of one
// server. The zero value is ready. Safe for concurrent use.
type fetchSlots struct {
	once  sync.Once
	taken chan struct{} // capacity maxFetches; one element for each place that is taken
}

func (f *fetchSlots) slots() chan struct{} {
	f.once.Do(func() { f.taken = make(chan struct{}, maxFetches) })
	return f.taken
}

// take waits for a place, and reports whether it got one: not if dead or leave is closed first. leave may be nil.
func (f *fetchSlots) take(dead, leave <-chan struct{}) bool {
	select {
	case f.slots() <- struct{}{}:
		return true
	case <-dead:
		return false
	case <-leave:
		return false
	}
}

// release frees the place that take took.
func (f *fetchSlots) release() { <-f.slots() }
