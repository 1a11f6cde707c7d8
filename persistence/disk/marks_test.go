package disk

import (
	"path/filepath"
	"syscall"
	"testing"

	"verbatim/persistence/recordtest"
)

// A checkpoint that fails on the way of the marks to the disk, once, is made up for by the next one, before the journal
// that holds them goes.
func TestMarksSurviveACheckpointThatFailed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what, op, path string
	}{
		{"their file cannot be read", "readfile", "lobby.json"},
		{"their file cannot be written", "write", "lobby.json.new"},
		{"their folder cannot be synced", "syncdir", "marks"},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()
			fs := newPowerFS(1)
			r, b := begin(t, powerDir, fs)
			b.Accept(recordtest.Say("lobby", "ann", "a1", "one"))
			r.Mark("lobby", "bob", 1)
			if err := r.Close(); err != nil { // bob's is in the file now
				t.Fatal(err)
			}
			r, b = begin(t, powerDir, fs)
			awaitPrepared(r)
			r.Mark("lobby", "cid", 1)
			b.Accept(recordtest.Say("lobby", "ann", "a2", "two")) // and cid's in the journal
			failed := false
			fault := func(op, path string) error {
				if !failed && op == test.op && filepath.Base(path) == test.path {
					failed = true
					return syscall.EIO
				}
				return nil
			}
			fs.SetFault(fault)
			fs.SetMisread(func(op, path string, _ int64) error { return fault(op, path) })
			_ = r.checkpoints.checkpoint(t.Context()) // fails where it must not go on without
			if err := r.checkpoints.checkpoint(t.Context()); err != nil || !failed {
				t.Fatalf("the second checkpoint: %v; the first met the fault: %v", err, failed)
			}
			after := fs.Cut()
			r.abandon()
			marks, err := bench(t, powerDir, Options{FS: after}).Record.Marks("lobby")
			if err != nil || marks["bob"] != 1 || marks["cid"] != 1 {
				t.Errorf("the marks are %v (%v), want those of bob and cid", marks, err)
			}
		})
	}
}
