package disk

import (
	"context"
	"path/filepath"
	"testing"

	"verbatim/persistence/datadir"
	"verbatim/persistence/recordtest"
	"verbatim/persistence/vfs"
)

func TestAfterACloseThatInterruptedACheckpointNothingIsLeftToReplay(t *testing.T) {
	b := bench(t, t.TempDir(), Options{})
	r := b.Record.(*Record)
	b.Accept(recordtest.Say("lobby", "ann", "a1", "one"))
	ended, end := context.WithCancel(context.Background())
	end()
	if err := r.checkpoints.checkpoint(ended); err == nil {
		t.Fatal("the checkpoint was not interrupted")
	}
	b.Accept(recordtest.Say("lobby", "ann", "a2", "two"))
	dir := r.dir
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	cat, _, err := datadir.ReadCatalogue(vfs.OS{}, dir)
	if err != nil || cat == nil {
		t.Fatalf("the catalogue: %v", err)
	}
	if last := cat.Entries[0].End.Last; last != 2 {
		t.Errorf("the catalogue knows %d entries; want 2", last)
	}
	segments, err := filepath.Glob(filepath.Join(dir, "journal", "*"))
	if err != nil || len(segments) != 0 {
		t.Errorf("the journal has %v (%v); want nothing", segments, err)
	}
}
