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
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
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
