package disk

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"verbatim/persistence/datadir"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// The catalogue is written aside, and then takes its own place. Where it cannot be, the journal grows until nothing
// is recorded.
func TestAStartIsRefusedWhereSomethingElseStandsWhereTheCatalogueIsWrittenAside(t *testing.T) {
	from, _ := closed(t, 3)
	for thing, make := range foreignThings {
		dir := crash(t, from)
		path := datadir.CataloguePath(dir) + vfs.AsideSuffix
		make(t, path)
		r, err := Open(t.Context(), dir, small)
		if err == nil {
			_ = r.Close()
		}
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "move it out of "+dir) {
			t.Errorf("%s: the start says %v, want what stands there, and what to do", thing, err)
		}
	}
	dir := crash(t, from)
	must(t, os.WriteFile(datadir.CataloguePath(dir)+vfs.AsideSuffix, []byte("of a start that was killed"), 0o600))
	must(t, bench(t, dir, small).Record.Close())
}

// Marks are no part of the record: what stands in their file's place, or where it is written aside, keeps them from
// being saved, and nothing else.
func TestWhatStandsInThePlaceOfMarksHoldsNothingUp(t *testing.T) {
	for thing, make := range foreignThings {
		for _, place := range []string{"lobby.json", "lobby.json" + vfs.AsideSuffix, "late"} {
			if place == "late" && thing != "a folder" {
				continue // a rename takes the place of anything else
			}
			dir := t.TempDir()
			var log bytes.Buffer
			b := bench(t, dir, Options{Log: zerolog.New(&log), SegmentSize: small.SegmentSize})
			b.Fill("lobby", 3, 3)
			b.Fill("other", 3, 3)
			r := b.Record.(*Record)
			if place == "late" { // its marks are in memory by then
				place = "lobby.json"
				r.Mark("lobby", "ann", 1)
				must(t, r.checkpoints.checkpoint(t.Context()))
				must(t, os.Remove(filepath.Join(dir, "marks", place)))
			}
			path := filepath.Join(dir, "marks", place)
			make(t, path)
			r.Mark("lobby", "ann", 2)
			r.Mark("other", "ann", 3)
			if err := r.checkpoints.checkpoint(t.Context()); err != nil || r.Stats().JournalSegments > 1 {
				t.Errorf("%s in %s: a checkpoint says %v, and leaves %d segments",
					thing, place, err, r.Stats().JournalSegments)
			}
			if !strings.Contains(log.String(), path) {
				t.Errorf("%s in %s: the log does not name it: %s", thing, place, log.String())
			}
			must(t, os.Remove(path))
			must(t, r.Close())
			again := bench(t, dir, small)
			for id, want := range map[string]protocol.Seq{"lobby": 2, "other": 3} {
				if marks, err := again.Record.Marks(protocol.ConversationID(id)); err != nil || marks["ann"] != want {
					t.Errorf("%s in %s: once it is gone the marks of %s are %v, %v", thing, place, id, marks, err)
				}
			}
		}
	}
}
