// Package persistence keeps what was said: the record, which is the truth, and the history, which is speed.
//
// A Record gives an entry its place and puts it where a crash cannot take it back; History holds the newest
// entries of each conversation for readers. A Store joins the two: it hands each send to its conversation's
// writer, and reads from the history first and from the record where the history is short, expired, wrong or away.
//
// # Concurrency
//
// All methods of a Store, a Record and a History may be called from any goroutine, but for Record.Commit, which
// has one caller at a time for each conversation: the goroutine that has taken its writer's sends.
package persistence

import (
	"context"
	"strings"

	"verbatim/protocol"
)

// Record is the durable log of every conversation. persistence/recordtest holds each implementation to this.
type Record interface {
	// PrepareDedup prepares the decision about a message with an id or a prev, and returns what Commit needs to know of
	// it. If the message has `since`, its id (and its prev) may be on the record further back than the ids that are
	// remembered: PrepareDedup looks for them there. It may read the disk, so the sender's own goroutine calls it, before
	// the send is queued.
	PrepareDedup(ctx context.Context, m *Message) (Prepared, error)

	// Commit decides the sends of each append request, in the order given, and returns once what it accepted would survive a
	// power cut. It sets the Result of each send but does not call its Completion. The new entries are in every Tail and
	// Read that begins after Commit has returned. If the disk fails, the accepted sends' Err is `unavailable`, nothing of
	// them is seen, and their ids may be sent again.
	//
	// Several requests share one wait. If one would make the others wait longer, for a read of its own transcript, say,
	// Commit decides nothing of it and sets its Retry: the caller commits it alone. Retry is never set for a request that
	// is alone.
	Commit(appends []*AppendRequest)

	// Tail says how far the conversation has come; Log is "" where it does not exist.
	Tail(id protocol.ConversationID) (Tail, error)

	// Read gives entries from the seq `from` on, in order and without a gap, at least one, none after `to`, and
	// no further one once maxBytes are passed. from must be from 1 to the last seq.
	Read(ctx context.Context, id protocol.ConversationID, from, to protocol.Seq, maxBytes int) (*Entries, error)

	// Sum returns the sum of one entry. seq must be from 1 to the last seq.
	Sum(ctx context.Context, id protocol.ConversationID, seq protocol.Seq) (protocol.Sum, error)

	// Lines calls yield with each line of the transcript (the log line first), newlines left out, up to the last
	// entry at the time of the call. yield must not keep the line. It ends early with yield's error.
	Lines(ctx context.Context, id protocol.ConversationID, yield func(line []byte) error) error

	// List gives those conversations whose id is greater than after, sorted by id, at most limit, and whether there are
	// more.
	List(which Which, after protocol.ConversationID, limit int) (page []Listed, more bool)

	// Newest gives those conversations, the one with the newest last entry first, at most limit, from
	// the place after on (the zero Place: from the first), with the place of each, and whether there are more. Who goes on
	// from a place that was given meets each conversation that was there at the first page once, and no other, whatever is
	// committed meanwhile; where the record has forgotten that order (a restart, or many others), those that moved since
	// may be left out.
	Newest(which Which, after Place, limit int) (page []Listed, places []Place, more bool)

	// Marks gives a copy of the read marks of a conversation's present log.
	Marks(id protocol.ConversationID) (map[protocol.UserID]protocol.Seq, error)

	// Mark keeps a read mark that is greater than the user's last. It does not wait for the disk: a crash may lose
	// the last second of marks.
	Mark(id protocol.ConversationID, user protocol.UserID, seq protocol.Seq)

	// Ready returns why nothing can be recorded at the moment; nil: all is well. It may ask the disk, and right after a start
	// wait a moment for its first answer.
	Ready() error

	// Close ends the record cleanly; nothing else may be under way. What was acknowledged needs no Close.
	Close() error
}

// Tail is how far a conversation has come.
type Tail struct {
	Log  protocol.LogID // "": the conversation does not exist
	Last protocol.Seq
	Time protocol.Time // Last's
	Sum  protocol.Sum  // Last's
}

// Which says which conversations a list is of: those whose id begins with Prefix, has Contains somewhere, and that May
// allows.
type Which struct {
	Prefix, Contains string
	May              func(protocol.ConversationID) bool // nil: it allows all; it must not wait
}

// Takes reports whether a conversation is of them.
func (w Which) Takes(id protocol.ConversationID) bool {
	return strings.HasPrefix(string(id), w.Prefix) && strings.Contains(string(id), w.Contains) &&
		(w.May == nil || w.May(id))
}

// Listed is a conversation in a list.
type Listed struct {
	ID protocol.ConversationID
	Tail
}

// Place is a conversation's in a list that begins with the newest.
type Place struct {
	Order uint64        // the record's own name for the order; 0: before the first
	Time  protocol.Time // of the last entry, in that order
	ID    protocol.ConversationID
}

// History holds recent entries with an expiration. It may forget anything at any time; what it gives is right.
// persistence/historytest holds each implementation to this.
type History interface {
	// Append takes entries of a conversation's log: new ones, or older ones that were read from the record again.
	// It never waits; what it has no room for it drops. The entries are shared and must not be changed.
	Append(id protocol.ConversationID, log protocol.LogID, entries *Entries)

	// Range gives entries from the seq `from` on like Record.Read, or nil where it does not hold `from` of that log.
	// An error is for the log of the operator; the caller reads the record in any case.
	Range(ctx context.Context, id protocol.ConversationID, log protocol.LogID, from, to protocol.Seq, maxBytes int) (*Entries, error)

	// Close ends its goroutines within the context's time; what is still queued may be lost.
	Close(ctx context.Context) error
}

// Publisher gets what is committed: each conversation's entries in order, from its writer, after their sends were
// completed. It may wait for the hub's queue and for nothing else.
type Publisher interface {
	Publish(id protocol.ConversationID, entries *Entries)
}

// AppendRequest is the sends of one conversation that are committed together, and the result.
type AppendRequest struct {
	Conversation protocol.ConversationID
	Sends        []*Send // at least one

	// Set by Record.Commit.
	Log     protocol.LogID // of the entries
	Entries *Entries       // the new entries; nil: there are none
	Retry   bool           // nothing was decided: commit the request alone
}
