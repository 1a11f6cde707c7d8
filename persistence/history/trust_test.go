//gate:story real Redis

package history_test

import (
	"context"
	"strings"
	"testing"

	"verbatim/persistence/history"
	"verbatim/persistence/historytest"
	"verbatim/protocol"
)

// recordOf is a record of so many entries of the log, those of historytest.
func recordOf(last protocol.Seq) history.Options {
	entry := func(
		_ context.Context, id protocol.ConversationID, log protocol.LogID, seq protocol.Seq,
	) ([]byte, error) {
		if log != log1 || seq > last {
			return nil, nil
		}
		return historytest.Entries(id, seq, seq).Wire(seq), nil
	}
	return history.Options{Entry: entry}
}

// leftBehind has an earlier server leave ten entries in a Redis.
func leftBehind(t *testing.T) *server {
	t.Helper()
	s := newServer(t)
	c := openRedis(t, s.url(), recordOf(10))
	c.put(1, 10)
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatAnEarlierServerHasLeftIsGivenWhereTheRecordHasIt(t *testing.T) {
	s := leftBehind(t)
	for _, last := range []protocol.Seq{10, 12} { // the two last may have been lost to Redis
		c := openRedis(t, s.url(), recordOf(last))
		c.wantAll(3, 10)
		c.shut()
	}
}

// An older copy of the data has the same log: what is in Redis beyond its end was never said.
func TestWhatIsOfNoRecordAnyMoreIsTakenAway(t *testing.T) {
	s := leftBehind(t)
	c := openRedis(t, s.url(), recordOf(6))
	until(t, "a reader is told that entry 10 is not the record's", func() bool {
		got, err := c.read(1, 6)
		if got != 0 {
			t.Fatalf("reads up to %d, want nothing", got)
		}
		return err != nil && strings.Contains(err.Error(), "entry 10")
	})
	until(t, "it is removed", func() bool { return s.Exists(t.Context(), keyOf()).Val() == 0 })
	c.refilled(1, 6)
}

// Who writes before anybody reads must not add to the other history: two entries of one seq, or one that was lost to
// Redis.
func TestWhatIsOfNoRecordAnyMoreIsNotAddedTo(t *testing.T) {
	s := leftBehind(t)
	c := openRedis(t, s.url(), recordOf(8))
	c.append(8, 8) // 7 was dropped
	// A reader who came before this would have the key removed.
	until(t, "8 stands alone", func() bool { return s.ZCard(t.Context(), keyOf()).Val() == 1 })
	c.wantAll(8, 8)
	until(t, "Redis answers in time", func() bool {
		got, err := c.read(7, 7)
		if got != 0 {
			t.Fatalf("of the other history 7 is read: %d", got)
		}
		return err == nil
	})
	if n := s.ZCard(t.Context(), keyOf()).Val(); n != 1 {
		t.Errorf("Redis has %d entries, want 1", n)
	}
}
