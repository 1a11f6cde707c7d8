package disk

import (
	"os"
	"testing"

	"verbatim/persistence/recordtest"
)

// A file without a name takes writes and syncs as before, and all of it is gone when the server ends.
func TestNothingIsAcceptedOnceTheFolderWasRemovedUnderTheRecord(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, Options{})
	b.Accept(recordtest.Say("lobby", "ann", "a1", "one"))
	// The segments that are prepared ahead come into the folder meanwhile.
	eventually(t, "the folder is removed", func() bool { return os.RemoveAll(dir) == nil })
	for _, id := range []string{"a2", "a3", "a4"} {
		if send := recordtest.Say("lobby", "ann", id, "two"); b.Commit(send) != nil || send.Err == nil {
			t.Fatalf("%s was accepted at seq %d, and its folder is gone", id, send.Seq)
		}
	}
	if err := b.Record.(*Record).Ready(); err == nil {
		t.Error("the record says that it is ready")
	}
	b.Record.(*Record).abandon()
}
