package session

import (
	"math"
	"time"

	"verbatim/identity"
	"verbatim/protocol"
)

// Credential is what is kept of the credential by which a session or a stream lives, so that it can be taken back.
type Credential struct {
	User   protocol.UserID
	Issued time.Time // to the nanosecond; zero: it does not say
	Mark   uint64    // Identity.Mark
}

// held is Credential without the user. It is small, since ten thousand sessions have one.
type held struct {
	issued int64 // in nanoseconds since 1970; 0: it does not say
	mark   uint64
}

func heldOf(who *identity.Identity) held {
	h := held{mark: who.Mark}
	if !who.Issued.IsZero() {
		h.issued = who.Issued.UnixNano()
	}
	return h
}

func (h held) credential(user protocol.UserID) Credential {
	c := Credential{User: user, Mark: h.mark}
	if h.issued != 0 {
		c.Issued = time.Unix(0, h.issued)
	}
	return c
}

// Recheck ends the sessions and streams whose credentials Env.Refuses by now. Call it after each change of that: what
// begins meanwhile asks for itself.
func (e *Env) Recheck() {
	if e.Refuses == nil {
		return
	}
	for _, over := range e.expiries.refused(e.Refuses) {
		e.reading.dismiss(over.whose, over.bye)
	}
}

// live notes by what something lives, and until when. What was taken back since it was verified ends at once.
func (e *Env) live(m mortal, who *identity.Identity) {
	end := forever
	if !who.Expires.IsZero() {
		end = who.Expires.Add(e.Limits.TokenGrace)
	}
	held := heldOf(who)
	e.expiries.hold(m, held)
	e.expiries.add(m, end)
	if e.Refuses == nil {
		return
	}
	if no := e.Refuses(held.credential(m.of())); no != nil {
		e.reading.dismiss(m, takenBack(no))
	}
}

// forever is the end of a credential that has none: it stays among the others, so that it can be taken back.
var forever = time.Unix(0, math.MaxInt64)

// refusedExpiry is one whose credential was taken back, and how it is told.
type refusedExpiry struct {
	whose leaver
	bye   *farewell
}

// refused returns those that a function refuses.
func (x *expiries) refused(refuses func(Credential) *identity.Refusal) (found []refusedExpiry) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, m := range x.all {
		if no := refuses(m.expiry().credential(m.of())); no != nil {
			found = append(found, refusedExpiry{m, takenBack(no)})
		}
	}
	return found
}

// hold notes what is kept of a credential.
func (x *expiries) hold(m mortal, h held) {
	x.mu.Lock()
	defer x.mu.Unlock()
	m.expiry().held = h
}

// takenBack is the farewell of a credential that was taken back.
func takenBack(no *identity.Refusal) *farewell {
	if no.Blocked {
		return &farewell{code: protocol.CloseForbidden, reason: no.Public}
	}
	return &farewell{code: protocol.CloseToken, reason: no.Public}
}
