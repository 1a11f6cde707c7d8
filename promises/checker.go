package promises

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"

	"verbatim/protocol"
)

// Violation is one breach of the contract.
type Violation struct {
	Promise int // its number in docs/protocol; 0: another rule of the contract
	What    string
}

// String returns the violation in one line.
func (v Violation) String() string {
	if v.Promise == 0 {
		return "the contract: " + v.What
	}
	return fmt.Sprintf("promise %d: %s", v.Promise, v.What)
}

// maxExamples is how many violations of each promise are kept as text. All are counted.
const maxExamples = 10

// Counts are the numbers of what a checker was told.
type Counts struct {
	Sessions, Lost int // sessions that began, and that ended
	Sends, Resends int // messages sent first, and again
	Acks           int
	Unavailable    int // refusals that leave open whether the message is on the record
	Refused        int // other refusals
	Joins          int // accepted joins
	Seen           int // entries that came to sessions
	Recorded       int // entries that were read back from the record
	Violations     int
}

// Options configure a Checker.
type Options struct {
	// Undisturbed says that clients must notice nothing (promise 8): each refusal and each lost session is a violation.
	Undisturbed bool
	// Log, if it is not nil, gets each event as one line of JSON, for Replay. Checker.Err returns its error.
	Log io.Writer
}

// Checker checks a history while it comes in. The package's comment says what it must be told, and when.
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
	readings      map[reading]marks // of the record, which have begun
}

// New makes a checker of an empty history.
func New(o Options) *Checker {
	c := &Checker{
		undisturbed: o.Undisturbed, perPromise: map[int]int{},
		conversations: map[protocol.ConversationID]*conversation{},
		sessions:      map[string]*session{}, readings: map[reading]marks{},
	}
	if o.Log != nil {
		c.log = json.NewEncoder(o.Log)
	}
	return c
}

// Violations returns the first violations of each promise so far.
func (c *Checker) Violations() []Violation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.violations)
}

// Broken reports whether there is a violation so far.
func (c *Checker) Broken() bool { return c.Counts().Violations > 0 }

// Counts returns the numbers so far.
func (c *Checker) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

// Err returns why the log could not be written, or nil.
func (c *Checker) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.logErr
}

// High returns the greatest seq of a conversation that was acked or seen so far.
func (c *Checker) High(id protocol.ConversationID) protocol.Seq {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conversation(id).high()
}

// Conversations returns the conversations of the history, sorted.
func (c *Checker) Conversations() (ids []protocol.ConversationID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.conversations {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Receipts returns the newest ack of each conversation, as `verbatim verify --receipt` takes it.
func (c *Checker) Receipts() (receipts []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, v := range c.conversations {
		for seq := v.acked; seq > 0; seq-- { // usually the first: sends whose ack was lost are few
			if p := v.places[seq]; p != nil && p.message.sum != "" {
				receipts = append(receipts, fmt.Sprintf("%s:%d:%s", id, seq, p.message.sum))
				break
			}
		}
	}
	slices.Sort(receipts)
	return receipts
}

// conversation returns what is known of a conversation. mu is held.
func (c *Checker) conversation(id protocol.ConversationID) *conversation {
	v := c.conversations[id]
	if v == nil {
		v = &conversation{id: id, places: map[protocol.Seq]*place{}, messages: map[key]*message{}}
		c.conversations[id] = v
	}
	return v
}

// breach notes a violation. mu is held.
func (c *Checker) breach(promise int, format string, args ...any) {
	c.counts.Violations++
	if c.perPromise[promise]++; c.perPromise[promise] <= maxExamples {
		c.violations = append(c.violations, Violation{promise, fmt.Sprintf(format, args...)})
	}
}
