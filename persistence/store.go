package persistence

import (
	"context"
	"fmt"
	"hash/maphash"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"
	"golang.org/x/sync/singleflight"

	"verbatim/protocol"
)

// Store is the record with the history before it and a writer for each conversation that has work (writer.go).
// All methods may be called from any goroutine.
type Store struct {
	// Fixed before the first Send.
	record      Record
	history     History
	publisher   Publisher
	historySize protocol.Seq // entries of a conversation that the history may hold
	log         zerolog.Logger
	seed        maphash.Seed

	shards  [writerShards]shard
	waiting writerQueue
	writing sync.WaitGroup // one for each goroutine that commits

	reads singleflight.Group // cold reads, so that thousands who resume at once share one
	lasts lastEntries        // of conversations that were listed
	stats counters
}

type counters struct {
	hits, misses      atomic.Int64
	coldReads         atomic.Int64
	recorded, refused atomic.Int64
	writers, queued   atomic.Int64
}

// StoreStats are counts since the start, and the writers' present state.
type StoreStats struct {
	HistoryHits, HistoryMisses int64 // reads that the history answered, and that it should have and did not
	ColdReads                  int64 // reads of the record; readers that ask for the same at the same time share one
	Recorded, Refused          int64 // sends that are on the record, duplicates too; and all others
	Writers, Queued            int64 // conversations with work, and sends that wait for their writer
}

// New joins a record and a history. historySize is how many entries of a conversation the history may hold.
func New(record Record, history History, historySize int, log zerolog.Logger) *Store {
	s := &Store{record: record, history: history, historySize: protocol.Seq(historySize), log: log, seed: maphash.MakeSeed()}
	for i := range s.shards {
		s.shards[i].writers = make(map[protocol.ConversationID]*writer)
	}
	return s
}

// SetPublisher says who gets what is committed. It must come before the first Send.
func (s *Store) SetPublisher(p Publisher) { s.publisher = p }

// Tail says how far a conversation has come; Log is "" where it does not exist.
func (s *Store) Tail(id protocol.ConversationID) (Tail, error) { return s.record.Tail(id) }

// Read gives entries of a log from the seq `from` on, in order and without a gap: at least one, none after `to`, and no
// further one once maxBytes are passed. The history is asked first where it may hold them. It waits for the disk and,
// within the history's own time limit, for Redis: never call it from a goroutine that others wait for.
func (s *Store) Read(ctx context.Context, id protocol.ConversationID, log protocol.LogID, from, to protocol.Seq, maxBytes int) (*Entries, error) {
	tail, err := s.record.Tail(id)
	if err != nil {
		return nil, err
	}
	if tail.Log != log || from < 1 || from > to || to > tail.Last {
		return nil, fmt.Errorf("store: read %s from %d to %d: its last is %d", id, from, to, tail.Last)
	}
	recent := from+s.historySize > tail.Last
	if recent {
		entries, err := s.history.Range(ctx, id, log, from, to, maxBytes)
		if err != nil {
			s.log.Debug().Err(err).Str("conversation", string(id)).Msg("history did not answer, reading the record")
		}
		if entries != nil {
			s.stats.hits.Add(1)
			return entries, nil
		}
		s.stats.misses.Add(1)
	}
	entries, err := s.cold(ctx, id, from, tail.Last, maxBytes)
	if err != nil {
		return nil, err
	}
	if recent {
		s.history.Append(id, log, entries)
	}
	return entries.Cut(from, min(to, entries.Last()), maxBytes), nil
}

// cold reads the record; who asks for the same at the same time shares one read, which therefore outlives its
// first caller's context.
func (s *Store) cold(ctx context.Context, id protocol.ConversationID, from, to protocol.Seq, maxBytes int) (*Entries, error) {
	key := string(id) + " " + strconv.FormatUint(uint64(from), 10) + " " + strconv.Itoa(maxBytes)
	shared := context.WithoutCancel(ctx)
	result, err, _ := s.reads.Do(key, func() (any, error) {
		s.stats.coldReads.Add(1)
		return s.record.Read(shared, id, from, to, maxBytes)
	})
	if err != nil {
		return nil, err
	}
	return result.(*Entries), nil
}

// Holds reports whether the entry with that seq stands on the record with that sum: where it does not, a client that has
// seen it knows another history. It waits for the disk where the entry is not the last.
func (s *Store) Holds(ctx context.Context, id protocol.ConversationID, seq protocol.Seq, sum string) (bool, error) {
	tail, err := s.record.Tail(id)
	if err != nil || seq > tail.Last {
		return false, err
	}
	have := tail.Sum
	if seq < tail.Last {
		if have, err = s.record.Sum(ctx, id, seq); err != nil {
			return false, err
		}
	}
	return have.String() == sum, nil
}

// Lines is Record.Lines.
func (s *Store) Lines(ctx context.Context, id protocol.ConversationID, yield func(line []byte) error) error {
	return s.record.Lines(ctx, id, yield)
}

// List is Record.List.
func (s *Store) List(which Which, after protocol.ConversationID, limit int) ([]Listed, bool) {
	return s.record.List(which, after, limit)
}

// Newest is Record.Newest.
func (s *Store) Newest(which Which, after Place, limit int) ([]Listed, []Place, bool) {
	return s.record.Newest(which, after, limit)
}

// Marks is Record.Marks.
func (s *Store) Marks(id protocol.ConversationID) (map[protocol.UserID]protocol.Seq, error) {
	return s.record.Marks(id)
}

// Mark is Record.Mark.
func (s *Store) Mark(id protocol.ConversationID, user protocol.UserID, seq protocol.Seq) {
	s.record.Mark(id, user, seq)
}

// Ready is Record.Ready.
func (s *Store) Ready() error { return s.record.Ready() }

// Stats gives the counts; it waits for nothing.
func (s *Store) Stats() StoreStats {
	c := &s.stats
	return StoreStats{
		HistoryHits: c.hits.Load(), HistoryMisses: c.misses.Load(), ColdReads: c.coldReads.Load(),
		Recorded: c.recorded.Load(), Refused: c.refused.Load(),
		Writers: c.writers.Load(), Queued: c.queued.Load(),
	}
}
