package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"verbatim/persistence"
	"verbatim/persistence/recordtest"
	"verbatim/persistence/vfs"
	"verbatim/persistence/vfs/vfstest"
	"verbatim/protocol"
)

func appendOf(sends ...*persistence.Send) *persistence.AppendRequest {
	return &persistence.AppendRequest{Conversation: sends[0].Conversation, Sends: sends}
}

// quiet is an append request that waits for nothing but the sync.
func quiet(i int) *persistence.AppendRequest {
	return appendOf(recordtest.Say(fmt.Sprint("quiet-", i), "ann", fmt.Sprint("q", i), "hush"))
}

func TestATurnThatWouldMakeOthersWaitIsLeft(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, Options{})
	b.Accept(recordtest.Say("lobby", "ann", "a1", "one"))
	r := b.Record.(*Record)
	lobby := r.registry.get("lobby")
	for i, row := range []struct {
		why    string
		before func()
		send   *persistence.Send
		after  func()
		retry  bool
	}{
		{"nothing", func() {}, recordtest.Say("lobby", "ann", "a2", "two"), func() {}, false},
		{"a duplicate must be read back", func() {}, recordtest.Say("lobby", "ann", "a1", "one"), func() {}, true},
		{"somebody reads the ids", lobby.idsMu.Lock, recordtest.Say("lobby", "ann", "a3", "three"), lobby.idsMu.Unlock, true},
		{"the ids are needed by nobody", lobby.idsMu.Lock, recordtest.Say("lobby", "ann", "", "three"), lobby.idsMu.Unlock, false},
		{"the ids are not loaded", func() { lobby.ids = nil }, recordtest.Say("lobby", "ann", "a4", "four"), func() {}, true},
		{"nobody has looked at the transcript", func() { lobby.checked = false }, recordtest.Say("lobby", "ann", "", "three"), func() { lobby.checked = true }, true},
		{"no room", func() { reserved(r.flusher, lobby, maxPendingOne) }, recordtest.Say("lobby", "ann", "", "three"), func() { reserved(r.flusher, lobby, -maxPendingOne) }, true},
	} {
		last := b.Tail("lobby").Last
		appends := []*persistence.AppendRequest{quiet(3 * i), appendOf(row.send), quiet(3*i + 1)}
		row.before()
		r.Commit(appends)
		row.after()
		if appends[1].Retry != row.retry || appends[0].Retry || appends[2].Retry {
			t.Errorf("%s: retry is %v, %v, %v; want the second: %v",
				row.why, appends[0].Retry, appends[1].Retry, appends[2].Retry, row.retry)
		}
		if (appends[1].Entries != nil) == row.retry || (b.Tail("lobby").Last > last) == row.retry {
			t.Errorf("%s: its entries are %v, and last went from %d to %d",
				row.why, appends[1].Entries, last, b.Tail("lobby").Last)
		}
		for _, q := range []*persistence.AppendRequest{appends[0], appends[2]} {
			if s := q.Sends[0]; s.Err != nil || s.Seq != 1 || b.Tail(string(s.Conversation)).Last != 1 {
				t.Errorf("%s: beside it: %+v", row.why, s)
			}
		}
		if row.retry { // alone it goes through
			if r.Commit([]*persistence.AppendRequest{appends[1]}); row.send.Err != nil || row.send.Seq == 0 {
				t.Errorf("%s: alone: %+v", row.why, row.send)
			}
		}
	}
}

// reserved changes by hand what is reserved.
func reserved(f *flusher, c *conversation, n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.total += n
	c.reserved += n
}

func TestAfterAFailedSyncNothingOfAllWhoSharedItIsAcked(t *testing.T) {
	fs := vfstest.NewFaults(vfs.OS{})
	dir := t.TempDir()
	b := bench(t, dir, Options{FS: fs})
	b.Accept(recordtest.Say("quiet-0", "ann", "q", "before"))
	r := b.Record.(*Record)
	awaitPrepared(r)
	fs.Set(once("sync", r))
	appends := []*persistence.AppendRequest{quiet(0), quiet(1), quiet(2)}
	r.Commit(appends)
	for i, x := range appends {
		if s := x.Sends[0]; recordtest.Code(s) != protocol.CodeUnavailable || s.Seq != 0 || x.Entries != nil || x.Retry {
			t.Errorf("request %d: %+v, and its send %+v; want unavailable", i, x, s)
		}
	}
	if n := r.flusher.pending(); n > int64(len("before")+512) {
		t.Errorf("%d bytes are reserved for what was refused", n)
	}
	appends = []*persistence.AppendRequest{quiet(0), quiet(1), quiet(2)}
	r.Commit(appends)
	for name, at := range map[string]*recordtest.Bench{"at once": b, "after a crash": bench(t, crash(t, dir), Options{})} {
		for i, want := range []protocol.Seq{2, 1, 1} {
			if tail := at.Tail(fmt.Sprint("quiet-", i)); appends[i].Sends[0].Seq != want || tail.Last != want {
				t.Errorf("%s: sent again, quiet-%d has seq %d, and last is %d; want %d",
					name, i, appends[i].Sends[0].Seq, tail.Last, want)
			}
		}
	}
}

func TestADamagedConversationDoesNotHoldUpThoseBesideIt(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, Options{})
	b.Accept(recordtest.Say("lobby", "ann", "", "one"))
	if err := b.Record.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "transcripts", "lobby.jsonl"), 10); err != nil {
		t.Fatal(err)
	}
	r := open(t, dir, Options{})
	for round, retried := range []int{1, 0} { // the first time somebody must look
		appends := []*persistence.AppendRequest{quiet(2 * round), appendOf(recordtest.Say("lobby", "ann", "", "two")), quiet(2*round + 1)}
		if n := recordtest.CommitAll(r, appends...); n != retried {
			t.Errorf("round %d: %d were retried, want %d", round, n, retried)
		}
		if s := appends[1].Sends[0]; recordtest.Code(s) != protocol.CodeUnavailable {
			t.Errorf("round %d: the damaged one's send is %+v", round, s)
		}
		for _, q := range []*persistence.AppendRequest{appends[0], appends[2]} {
			if s := q.Sends[0]; s.Seq != 1 || s.Err != nil {
				t.Errorf("round %d: beside it: %+v", round, s)
			}
		}
	}
}
