package disk

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"verbatim/persistence/datadir"
	"verbatim/persistence/inspect"
	"verbatim/persistence/journal"
	"verbatim/persistence/recordtest"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// small makes segments that take no time.
var small = Options{SegmentSize: 64 << 10}

// foreignThings make something at a path that is no file, and the word for it.
var foreignThings = map[string]func(t *testing.T, path string){
	"a folder": func(t *testing.T, path string) { must(t, os.Mkdir(path, 0o700)) },
	"a fifo":   func(t *testing.T, path string) { must(t, unix.Mkfifo(path, 0o600)) },
	"a device": func(t *testing.T, path string) { must(t, os.Symlink("/dev/zero", path)) },
	"a socket": func(t *testing.T, path string) {
		// A socket's path has an end, and a test's folder may be beyond it: it is bound by a shorter way.
		short := filepath.Join(shortDir(t), "s")
		l, err := net.Listen("unix", short)
		must(t, err)
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		must(t, l.Close())
		must(t, os.Symlink(short, path))
	},
	"leads to nothing":   func(t *testing.T, path string) { must(t, os.Symlink(path+".gone", path)) },
	"leads in a circle":  func(t *testing.T, path string) { must(t, os.Symlink(filepath.Base(path), path)) },
	"a folder, by a way": func(t *testing.T, path string) { must(t, os.Symlink(t.TempDir(), path)) },
}

// word is what an error says of the thing.
func word(thing string) string { return strings.TrimSuffix(thing, ", by a way") }

func shortDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "v")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// soon fails a test whose work waits for something that never comes: a fifo's other end.
func soon(t *testing.T, what string, work func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { // the test's; ends with the work, or not at all, and then the test has failed
		defer close(done)
		work()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("%s hangs", what)
	}
}

func TestAConversationInWhosePlaceSomethingElseStandsIsRefusedAndOthersGoOn(t *testing.T) {
	from, _ := closed(t, 3)
	for thing, make := range foreignThings {
		t.Run(thing, func(t *testing.T) {
			dir := crash(t, from)
			path := filepath.Join(dir, "transcripts", "m.jsonl")
			make(t, path)
			var log bytes.Buffer
			var b *recordtest.Bench
			soon(t, "the start", func() { b = bench(t, dir, Options{Log: zerolog.New(&log), SegmentSize: small.SegmentSize}) })
			if b == nil {
				return
			}
			send := recordtest.Say("m", "ann", "a1", "in its place")
			if recordtest.Commit(b.Record, send); recordtest.Code(send) != protocol.CodeUnavailable {
				t.Errorf("a send to it is %+v, want unavailable: its name is taken", send)
			}
			b.Accept(recordtest.Say("lobby", "ann", "a9", "others go on"))
			must(t, b.Record.Close())
			for _, want := range []string{path, word(thing), "move it out of " + filepath.Dir(path)} {
				if !strings.Contains(log.String(), want) {
					t.Errorf("the log does not say %q: %s", want, log.String())
				}
			}
			if _, err := os.Lstat(path); err != nil {
				t.Fatalf("it was taken away: %v", err)
			}

			must(t, os.Remove(path))
			again := bench(t, dir, small)
			again.Accept(recordtest.Say("m", "ann", "a1", "put right"))
			if n := again.Tail("lobby").Last; n != 4 {
				t.Errorf("lobby has %d entries, want 4", n)
			}
		})
	}
}

// The journal has its lines: none of them may be put aside for what somebody left there by mistake.
func TestAStartIsRefusedWhereTheJournalHasLinesForATranscriptInWhosePlaceSomethingElseStands(t *testing.T) {
	for thing, make := range foreignThings {
		for _, synced := range []bool{false, true} {
			dir := t.TempDir()
			b := bench(t, dir, small)
			b.Fill("m", 3, 1)
			if synced {
				must(t, b.Record.(*Record).checkpoints.checkpoint(t.Context()))
				b.Fill("m", 3, 1)
			}
			want := b.All("m", 1)
			dead := crash(t, dir)
			path := filepath.Join(dead, "transcripts", "m.jsonl")
			_ = os.Rename(path, path+".kept") // the flusher may not have made it yet
			make(t, path)
			soon(t, "the start", func() {
				r, err := Open(t.Context(), dead, small)
				if err == nil {
					_ = r.Close()
				}
				if err == nil || !strings.Contains(err.Error(), path+": it is ") || !strings.Contains(err.Error(), "move it out of") {
					t.Errorf("%s: the start says %v, want what stands there, and what to do", thing, err)
				}
			})
			must(t, os.Remove(path))
			_ = os.Rename(path+".kept", path)
			if got := bench(t, dead, small).All("m", 1); strings.Join(got, "") != strings.Join(want, "") {
				t.Errorf("%s: once it is gone there are %d entries, want %d", thing, len(got), len(want))
			}
		}
	}
}

// places are where the record keeps other files than transcripts, and folders.
func TestAStartIsRefusedWhereSomethingElseStandsInThePlaceOfAFileOfTheRecord(t *testing.T) {
	from, _ := closed(t, 3)
	for _, place := range []string{"catalogue", "format", "lock", "journal/000000000777.journal"} {
		for thing, make := range foreignThings {
			t.Run(place+" "+thing, func(t *testing.T) {
				dir := crash(t, from)
				path := filepath.Join(dir, place)
				_ = os.Remove(path)
				make(t, path)
				soon(t, "the start", func() {
					r, err := Open(t.Context(), dir, small)
					if err == nil {
						_ = r.Close()
						t.Fatal("the start succeeds")
					}
					for _, want := range []string{path, word(thing), "move it out of " + filepath.Dir(path)} {
						if !strings.Contains(err.Error(), want) {
							t.Errorf("the start says %q, and not %q", err, want)
						}
					}
				})
				soon(t, "verify", func() {
					lines, err := verify(t, dir)
					if lines["lobby"].Err != nil || lines["lobby"].Entries != 3 {
						t.Errorf("verify says %q of lobby", lines["lobby"])
					}
					// A lock tells nothing of what was said: that it cannot be asked is a note.
					if said := lines[""]; said.File != path || !strings.Contains(said.String(), word(thing)) || (err == nil) != (place == "lock") {
						t.Errorf("verify says %v, and %q; want %s to be named", err, said, path)
					}
				})
				soon(t, "export", func() {
					err := inspect.Lines(dir, "lobby", func([]byte) error { return nil })
					if inJournal(path) != (err != nil) {
						t.Errorf("export says %v", err)
					}
				})
			})
		}
	}
}

// It may be a segment that the disk has spoiled, with the last acknowledged messages in it: it is not taken for an
// unused one, and not removed.
func TestAFileThatIsNoSegmentIsNotRemovedFromTheJournal(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, small)
	b.Fill("lobby", 3, 1)
	garbage := bytes.Repeat([]byte("no segment of ours "), 1000)
	for name, spoil := range map[string]func(dead string) (path string, content []byte){
		"the segment in use": func(dead string) (string, []byte) { return segmentsIn(t, dead)[0], garbage },
		"another number": func(dead string) (string, []byte) {
			return journal.SegmentPath(filepath.Join(dead, "journal"), 900), garbage
		},
		"its head alone": func(dead string) (string, []byte) {
			path := segmentsIn(t, dead)[0]
			content, err := os.ReadFile(path)
			must(t, err)
			copy(content, garbage[:journal.BlockAlign])
			return path, content[:2*journal.BlockAlign-100] // the block behind it is cut off, so that it is not whole
		},
	} {
		dead := crash(t, dir)
		path, content := spoil(dead)
		must(t, os.WriteFile(path, content, 0o600))
		r, err := Open(t.Context(), dead, small)
		if err == nil {
			_ = r.Close()
		}
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: the start says %v, want the file", name, err)
		}
		if _, err := verify(t, dead); err == nil {
			t.Errorf("%s: verify finds nothing wrong", name)
		}
		if there, err := os.ReadFile(path); err != nil || !bytes.Equal(there, content) {
			t.Errorf("%s: it is there no more as it was: %v", name, err)
		}
	}
}

func TestAStartIsRefusedWhereSomethingElseStandsInThePlaceOfAFolderOfTheRecord(t *testing.T) {
	for _, place := range []string{"", "journal", "transcripts", "marks"} {
		for thing, make := range foreignThings {
			if word(thing) == "a folder" {
				continue
			}
			t.Run(place+" "+thing, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "data")
				if place != "" {
					must(t, os.Mkdir(dir, 0o700))
				}
				path := filepath.Join(dir, place)
				make(t, path)
				soon(t, "the start", func() {
					r, err := Open(t.Context(), dir, small)
					if err == nil {
						_ = r.Close()
					}
					if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), word(thing)) {
						t.Errorf("the start says %v, want %s, and that it is %s", err, path, thing)
					}
				})
				soon(t, "verify", func() {
					if _, err := verify(t, dir); err == nil && place != "marks" {
						t.Error("verify finds nothing wrong")
					}
				})
			})
		}
	}
}

func TestNamesThatAreNoTranscriptsArePassedOverWithOneWarning(t *testing.T) {
	dir, _ := closed(t, 3)
	names := []string{"README", "lobby.jsonl~", ".lobby.jsonl.swp", "Lobby.jsonl", "lobby.jsonl.bak", "#lobby.jsonl#", "a b.jsonl"}
	for _, name := range names {
		must(t, os.WriteFile(filepath.Join(dir, "transcripts", name), []byte("not read"), 0))
	}
	must(t, unix.Mkfifo(filepath.Join(dir, "transcripts", "pipe"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "journal", "notes.txt"), nil, 0o600))
	var log bytes.Buffer
	b := bench(t, dir, Options{Log: zerolog.New(&log), SegmentSize: small.SegmentSize})
	must(t, b.Record.Close())
	if n := strings.Count(log.String(), `"level":"warn"`); n != 2 || strings.Contains(log.String(), `"level":"error"`) {
		t.Errorf("%d warnings, want one for each of the two folders, and no error: %s", n, log.String())
	}
	for _, name := range append(names, "pipe", "notes.txt", "move it out") {
		if !strings.Contains(log.String(), name) {
			t.Errorf("the log does not name %s: %s", name, log.String())
		}
	}
	lines, err := verify(t, dir)
	if err != nil || len(lines) != 3 || lines[""].Note == "" {
		t.Errorf("verify says %v, %v; want the two that there are, and a note of what is passed over", err, lines)
	}
}

// An empty file has no log, and a catalogue that told of it could not be read again.
func TestAnEmptyTranscriptDoesNotSpoilTheCatalogue(t *testing.T) {
	dir, _ := closed(t, 3)
	must(t, os.WriteFile(filepath.Join(dir, "transcripts", "empty.jsonl"), nil, 0o600))
	for range 2 {
		var log bytes.Buffer
		b := bench(t, dir, Options{Log: zerolog.New(&log), SegmentSize: small.SegmentSize})
		must(t, b.Record.Close())
		cat, _, err := datadir.ReadCatalogue(vfs.OS{}, dir)
		if err != nil || cat == nil || len(cat.Entries) != 2 {
			t.Fatalf("the catalogue is %v, %v; want lobby and other in it", cat, err)
		}
		if !strings.Contains(log.String(), "empty.jsonl") || strings.Contains(log.String(), "catalogue") {
			t.Errorf("the log does not tell of the empty transcript, or of the catalogue: %s", log.String())
		}
	}
}

// readOnlyFS notes whatever would write.
type readOnlyFS struct {
	vfs.OS
	t *testing.T
}

func (f readOnlyFS) Open(path string, flag int) (vfs.File, error) {
	if flag != os.O_RDONLY {
		f.t.Errorf("%s is opened with the flags %#x", path, flag)
	}
	return f.OS.Open(path, flag)
}

func (f readOnlyFS) wrote(what, path string) { f.t.Errorf("%s %s", what, path) }

func (f readOnlyFS) Rename(from, to string) error { f.wrote("rename", from); return unix.EROFS }
func (f readOnlyFS) Remove(path string) error     { f.wrote("remove", path); return unix.EROFS }
func (f readOnlyFS) SyncDir(path string) error    { f.wrote("sync", path); return unix.EROFS }
func (f readOnlyFS) MakeDir(path string) error    { f.wrote("make", path); return unix.EROFS }
func (f readOnlyFS) Lock(path string) (io.Closer, error) {
	f.wrote("lock", path)
	return nil, unix.EROFS
}

func TestWhoReadsOfflineWritesNothing(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, small)
	r := b.Record.(*Record)
	b.Fill("lobby", 50, 5)
	must(t, r.checkpoints.checkpoint(t.Context()))
	b.Fill("lobby", 50, 5)
	b.Fill("fresh", 3, 1)
	crashed := crash(t, dir)
	stopped := crash(t, dir)
	must(t, bench(t, stopped, small).Record.Close())
	for name, at := range map[string]string{"running": dir, "crashed": crashed, "stopped": stopped} {
		fs := readOnlyFS{t: t}
		must(t, inspect.VerifyOn(t.Context(), fs, at, nil, func(l inspect.Finding) {
			if l.Err != nil {
				t.Errorf("%s: %s", name, l)
			}
		}, nil))
		o, err := inspect.OpenOn(fs, at)
		must(t, err)
		must(t, o.Lines(t.Context(), "lobby", func([]byte) error { return nil }))
		o.Close()
	}
}

// unreadFS refuses to read some files.
type unreadFS struct {
	vfs.OS
	refuse func(path string) error // nil: it may be read
	late   bool                    // the file is opened, and reading it fails
}

type unreadFile struct {
	vfs.File
	err error
}

func (f unreadFile) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func (f unreadFS) Open(path string, flag int) (vfs.File, error) {
	err := f.refuse(path)
	if err != nil && !f.late {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	o, openErr := f.OS.Open(path, flag)
	if err != nil && openErr == nil {
		o = unreadFile{o, &os.PathError{Op: "read", Path: path, Err: err}}
	}
	return o, openErr
}

func (f unreadFS) ReadFile(path string) ([]byte, error) {
	if err := f.refuse(path); err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return f.OS.ReadFile(path)
}

func (f unreadFS) Names(path string) ([]string, error) {
	if err := f.refuse(path); err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return f.OS.Names(path)
}

func TestVerifyNamesWhatCannotBeReadAndGoesOn(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, small)
	b.Fill("lobby", 50, 5)
	b.Fill("other", 50, 5)
	b.Fill("synced", 3, 1)
	must(t, b.Record.(*Record).checkpoints.checkpoint(t.Context()))
	b.Fill("lobby", 50, 5)
	b.Fill("fresh", 3, 1)
	dead := crash(t, dir)
	segment := strings.TrimPrefix(segmentsIn(t, dead)[0], dead+"/")
	for _, late := range []bool{false, true} {
		for cause, advice := range map[error]string{unix.EACCES: "chown", unix.EIO: "backup", unix.EMFILE: "ulimit -n"} {
			for _, place := range []string{"transcripts/synced.jsonl", "transcripts/lobby.jsonl", segment, "catalogue", "format", "journal", "transcripts"} {
				path := filepath.Join(dead, place)
				if late && (strings.Count(place, ".") == 0) {
					continue // it is read as a whole
				}
				fs := unreadFS{late: late, refuse: func(at string) error {
					if at == path {
						return cause
					}
					return nil
				}}
				var said []string
				whole := 0
				err := inspect.VerifyOn(context.Background(), fs, dead, nil, func(l inspect.Finding) {
					if said = append(said, l.String()); l.Err == nil && l.ID != "" {
						whole++
					}
				}, nil)
				named := false
				for _, line := range said {
					named = named || strings.HasPrefix(line, path+": it cannot be read: "+cause.Error()) && strings.Contains(line, advice)
				}
				if err == nil || !named || whole < 3 {
					t.Errorf("%s, %v: verify says %v, and\n%s\nwant it to be named, and the others to be looked at",
						place, cause, err, strings.Join(said, "\n"))
				}
			}
		}
	}
}

func TestAnotherFileThatCannotBeReadDoesNotBreakAnExport(t *testing.T) {
	dir, _ := closed(t, 3)
	for _, place := range []string{"transcripts/other.jsonl", "catalogue", "format", "transcripts", "lock"} {
		fs := unreadFS{refuse: func(at string) error {
			if at == filepath.Join(dir, place) {
				return unix.EACCES
			}
			return nil
		}}
		o, err := inspect.OpenOn(fs, dir)
		must(t, err)
		n := 0
		if err := o.Lines(t.Context(), "lobby", func([]byte) error { n++; return nil }); err != nil || n != 4 {
			t.Errorf("%s: %v, %d lines; want 4", place, err, n)
		}
		o.Close()
	}
}
