// Package promises decides the promises of docs/protocol (1 to 6, and 8 if nothing but Redis was disturbed) over a
// log of what clients sent, what they were told and what they saw. It is Jepsen's method: the server is a black box
// under faults, and a checker that knows nothing of the faults reads the log.
//
// It does not search for an order that explains the log, as a checker of linearizability does (porcupine, knossos): the
// server itself names the order. Each entry has its seq, so the place of a send among all others is known. The checker
// compares it with what was known when the send began: whatever was acked or seen by then must come before it. That
// costs one step for each event, also for a history of a million events in which half of the replies were lost; there
// such a search does not end.
//
// # Concurrency
//
// A Checker may be used by several goroutines. Events must be added in the order of time, as far as anybody could know
// it: a send or a join before its first byte is written, a reply or an entry after its last byte was read.
//
// # Files
//
// event.go says what a history consists of; add.go passes each event to the file with its rules: session.go (joins and
// entries), send.go (sends and their replies), record.go (what was read back) and rest.go (what never came). The rules
// for the place of a message are in place.go. checker.go, conversation.go and state.go have what the rules compare.
package promises

import (
	"encoding/json"
	"fmt"
	"io"
)

// Check decides a whole history, and returns the first violations of each promise.
func Check(events []Event, o Options) []Violation {
	c := New(o)
	for _, e := range events {
		c.Add(e)
	}
	return c.Violations()
}

// Replay decides a history that a checker has written to its Options.Log. The error says which event cannot be read.
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
