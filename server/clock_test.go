package server

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence"
	"verbatim/persistence/disk"
	"verbatim/persistence/history"
	"verbatim/protocol"
)

// recordedAt puts a message into each conversation by a clock that is ahead by so much.
func recordedAt(t *testing.T, dir string, ahead time.Duration, conversations ...string) {
	t.Helper()
	record, err := disk.Open(t.Context(), dir, disk.Options{Log: zerolog.Nop(), Now: func() time.Time { return time.Now().Add(ahead) }})
	if err != nil {
		t.Fatal(err)
	}
	store := persistence.New(record, history.NewMemory(history.Options{Size: 10, TTL: time.Hour, Memory: 1 << 20}), 10, zerolog.Nop())
	store.SetPublisher(nobody{})
	for _, id := range conversations {
		send := &persistence.Send{Message: persistence.Message{
			Conversation: protocol.ConversationID(id), Author: "ann", Text: "hi", Bytes: 2,
		}}
		if err := store.SendWait(t.Context(), send); err != nil || send.Err != nil {
			t.Fatal(err, send.Err)
		}
	}
	if err := store.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := record.Close(); err != nil {
		t.Fatal(err)
	}
}

// nobody is told of what is published.
type nobody struct{}

func (nobody) Publish(protocol.ConversationID, *persistence.Entries) {}

func TestEntriesDatedInTheFutureAreToldOfOnceAStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/data"
	names := []string{}
	for i := range 50 {
		names = append(names, fmt.Sprintf("c%d", i))
	}
	recordedAt(t, dir, time.Hour, names...)
	recordedAt(t, dir, 30*time.Hour, "furthest")
	recordedAt(t, dir, 0, "now")
	ts := serve(t, "--data-dir", dir)
	log := ts.log.String()
	if n := strings.Count(log, "dated in the future"); n != 1 {
		t.Errorf("the log says it %d times, want once:\n%.2000s", n, log)
	}
	for _, words := range []string{`"conversations":51`, `"furthest":"furthest"`, `"dated":"2`, "timedatectl"} {
		if !strings.Contains(log, words) {
			t.Errorf("the log does not say %s:\n%.2000s", words, log)
		}
	}
	ts.says("furthest", "ann", "goes on")
}

func TestOfAClockThatIsALittleAheadNothingIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/data"
	recordedAt(t, dir, time.Second, "lobby")
	if ts := serve(t, "--data-dir", dir); strings.Contains(ts.log.String(), "dated in the future") {
		t.Errorf("got %s", ts.log)
	}
}
