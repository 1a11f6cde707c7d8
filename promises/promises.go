// Package promises decides the promises of docs/protocol (1 to 6, and 8 where nothing else was disturbed) over a log
// of what clients sent, what they were told and what they saw. It is Jepsen's method: the server is a black box under
// faults, and a checker that knows nothing of the faults reads the log.
//
// It needs no search for an order that explains the log, as a checker of linearizability does (porcupine, knossos): the
// server itself says the order. Each entry has its seq, so that a send's place among all others is known, and the checker
// only holds it to what was known when the send began: whatever was acked or seen by then stands before it. That costs one
// look an event, also for histories of a million events in which half of the replies were lost, and there such a
// search does not end.
//
// # Concurrency
//
// A Checker may be used by many goroutines. What it is told must be in the order of time, as far as anybody could know
// it: a send or a join is told before its first byte is written, a reply or an entry after its last byte was read.
package promises

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"verbatim/protocol"
)

// Violation is one breach of the contract.
type Violation struct {
	Promise int // its number in docs/protocol; 0: the contract besides
	What    string
}

func (v Violation) String() string {
	if v.Promise == 0 {
		return "the contract: " + v.What
	}
	return fmt.Sprintf("promise %d: %s", v.Promise, v.What)
}

// examples is how many violations of each promise are kept as text; all are counted.
const examples = 10

// Counts is how much a checker was told.
type Counts struct {
	Sessions, Lost int // sessions that began, and those that ended without the client's will
	Sends, Resends int // first sendings, and the same message sent again
	Acks           int
	Unavailable    int // refusals that leave open what became of the message
	Refused        int // any others
	Joins          int // accepted ones
	Seen           int // entries that came to sessions
	Recorded       int // entries that were read back from the record
	Violations     int
}

// Options say what may not happen beyond the promises, and where the log goes.
type Options struct {
	// Undisturbed says that no fault may be noticed by a client (promise 8): every refusal and every lost session is a breach.
	Undisturbed bool
	// Log, if there is one, gets each event as one line of JSON, for Replay. What it gives as error is in Err.
	Log io.Writer
}

// Checker holds a history to the promises while it comes in. See the package's comment for what it must be told, and when.
type Checker struct {
	undisturbed bool

	mu            sync.Mutex // guards all that follows
	log           *json.Encoder
	logErr        error
	counts        Counts
	perPromise    map[int]int
	violations    []Violation
	conversations map[protocol.ConversationID]*conversation
	sessions      map[string]*session
	looks         map[look]marks
}

// New makes a checker of an empty history.
func New(o Options) *Checker {
	c := &Checker{
		undisturbed: o.Undisturbed, perPromise: map[int]int{}, conversations: map[protocol.ConversationID]*conversation{},
		sessions: map[string]*session{}, looks: map[look]marks{},
	}
	if o.Log != nil {
		c.log = json.NewEncoder(o.Log)
	}
	return c
}

// Check decides a whole history.
func Check(events []Event, o Options) []Violation {
	c := New(o)
	for _, e := range events {
		c.Add(e)
	}
	return c.Violations()
}

// Replay decides a history that a checker has written to its Log.
func Replay(r io.Reader, o Options) (*Checker, error) {
	c := New(o)
	for d, n := json.NewDecoder(r), 1; ; n++ {
		var e Event
		if err := d.Decode(&e); err == io.EOF {
			return c, nil
		} else if err != nil {
			return nil, fmt.Errorf("promises: event %d of the log: %w", n, err)
		}
		c.Add(e)
	}
}

// Violations are the breaches so far: of each promise the first few.
func (c *Checker) Violations() []Violation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Violation(nil), c.violations...)
}

// Broken says whether there is a breach so far.
func (c *Checker) Broken() bool { return c.Counts().Violations > 0 }

// Counts is how much there was so far.
func (c *Checker) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

// Err is why the log could not be written, if it could not.
func (c *Checker) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.logErr
}

// High is the greatest seq of a conversation that was acked or seen so far.
func (c *Checker) High(id protocol.ConversationID) protocol.Seq {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conversation(id).high()
}

func (c *Checker) breach(promise int, format string, args ...any) {
	c.counts.Violations++
	if c.perPromise[promise]++; c.perPromise[promise] <= examples {
		c.violations = append(c.violations, Violation{promise, fmt.Sprintf(format, args...)})
	}
}
