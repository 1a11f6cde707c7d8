package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"verbatim/persistence/datadir"
	"verbatim/persistence/inspect"
	"verbatim/persistence/recordtest"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// What an entry's line has behind its wire bytes, and what a redacted one would have.
const (
	saltName = `,"salt":"`
	hashName = `,"hash":"`
)

// verify gives what Verify says, by conversation.
func verify(t *testing.T, dir string, receipts ...transcript.Receipt) (map[protocol.ConversationID]inspect.Finding, error) {
	t.Helper()
	return verifyOn(t, vfs.OS{}, dir, receipts...)
}

func verifyOn(
	t *testing.T, fs vfs.FS, dir string, receipts ...transcript.Receipt,
) (map[protocol.ConversationID]inspect.Finding, error) {
	t.Helper()
	lines := make(map[protocol.ConversationID]inspect.Finding)
	err := inspect.VerifyOn(context.Background(), fs, dir, receipts, func(l inspect.Finding) { lines[l.ID] = l }, nil)
	return lines, err
}

// closed gives a directory with n entries in "lobby" and in "other", closed cleanly, and the sends of lobby.
func closed(t *testing.T, n int) (dir string, tail transcript.Receipt) {
	t.Helper()
	dir = t.TempDir()
	b := bench(t, dir, Options{})
	b.Fill("other", 3, 3)
	for i := range n {
		s := recordtest.Say("lobby", "ann", fmt.Sprint("a", i), fmt.Sprint("message ", i+1))
		b.Accept(s)
		tail = transcript.Receipt{ID: "lobby", Seq: s.Seq, Sum: s.Sum}
	}
	if err := b.Record.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, tail
}

// edit changes the lines of a transcript.
func edit(t *testing.T, dir, id string, change func(lines []string) []string) {
	t.Helper()
	path := filepath.Join(dir, "transcripts", id+transcript.Suffix)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := change(strings.SplitAfter(string(content), "\n"))
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyFindsAWholeRecordWhole(t *testing.T) {
	dir, receipt := closed(t, 10)
	lines, err := verify(t, dir, receipt)
	if err != nil {
		t.Fatal(err)
	}
	l := lines["lobby"]
	if l.Err != nil || l.Entries != 10 || l.Last != receipt.Sum || len(lines) != 2 {
		t.Fatalf("verify says %+v of lobby, and of %d conversations; want 10 entries up to %s, and 2",
			l, len(lines), receipt.Sum)
	}
	if want := fmt.Sprintf("lobby 10 %s", receipt.Sum); l.String() != want {
		t.Errorf("it prints %q, want %q", l, want)
	}
}

func TestVerifyNamesTheLineThatIsNotWhole(t *testing.T) {
	for name, c := range map[string]struct {
		change func(lines []string) []string
		line   int
	}{
		"an altered text": {func(l []string) []string { l[4] = strings.Replace(l[4], "message 4", "message 5", 1); return l }, 5},
		"an altered sum": {func(l []string) []string {
			digit := "0"
			if l[4][len(l[4])-5] == '0' {
				digit = "1"
			}
			l[4] = l[4][:len(l[4])-5] + digit + l[4][len(l[4])-4:]
			return l
		}, 5},
		"an altered salt": {func(l []string) []string {
			i := strings.Index(l[4], saltName) + len(saltName)
			l[4] = l[4][:i] + "AAAA" + l[4][i+4:]
			return l
		}, 5},
		"a missing line":      {func(l []string) []string { return append(l[:4:4], l[5:]...) }, 5},
		"swapped lines":       {func(l []string) []string { l[4], l[5] = l[5], l[4]; return l }, 5},
		"a line twice":        {func(l []string) []string { return append(l[:5:5], l[4:]...) }, 6},
		"an altered log line": {func(l []string) []string { l[0] = strings.Replace(l[0], `"time":"2`, `"time":"1`, 1); return l }, 1},
		"a cut tail":          {func(l []string) []string { return l[:9] }, 10},
		"a cut line":          {func(l []string) []string { l[10] = l[10][:20]; return l[:11] }, 11},
		"an added line":       {func(l []string) []string { return append(l[:11:11], "{}\n") }, 12},
		"an empty file":       {func([]string) []string { return nil }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := closed(t, 10)
			edit(t, dir, "lobby", c.change)
			lines, err := verify(t, dir)
			l := lines["lobby"]
			if err == nil || l.Err == nil || l.Line != c.line || !strings.HasSuffix(l.File, "lobby.jsonl") {
				t.Fatalf("verify says %v, and of lobby %q; want line %d of lobby.jsonl", err, l, c.line)
			}
			if lines["other"].Err != nil {
				t.Errorf("and of other %q", lines["other"])
			}
		})
	}
}

func TestVerifyMissesATranscript(t *testing.T) {
	dir, _ := closed(t, 3)
	if err := os.Remove(filepath.Join(dir, "transcripts", "lobby.jsonl")); err != nil {
		t.Fatal(err)
	}
	if lines, err := verify(t, dir); err == nil || lines["lobby"].Err == nil {
		t.Fatalf("verify says %v, and %+v", err, lines["lobby"])
	}
}

func TestAReceiptFitsOrShowsWhatChanged(t *testing.T) {
	dir, receipt := closed(t, 10)
	other := receipt
	other.Sum[0] ^= 1
	if other.Sum[0] == 'f'+1 || other.Sum[0] == '/' {
		other.Sum[0] = 'a'
	}
	for name, r := range map[string]transcript.Receipt{
		"another sum": other, "beyond the last": {ID: "lobby", Seq: 11, Sum: receipt.Sum}, "an earlier entry": {ID: "lobby", Seq: 9, Sum: receipt.Sum}, "no conversation": {ID: "none", Seq: 1, Sum: receipt.Sum},
	} {
		if lines, err := verify(t, dir, r); err == nil || lines[r.ID].Err == nil {
			t.Errorf("%s: %v, %+v; want it not to fit", name, err, lines[r.ID])
		}
	}
	parsed, err := transcript.ParseReceipt(receipt.String())
	if err != nil || parsed != receipt {
		t.Errorf("%s is read as %+v, %v", receipt, parsed, err)
	}
	for _, text := range []string{"", "lobby:1", "lobby:0:" + receipt.Sum.String(), "LOBBY:1:" + receipt.Sum.String(), "lobby:1:xyz", "lobby:-1:" + receipt.Sum.String()} {
		if _, err := transcript.ParseReceipt(text); err == nil {
			t.Errorf("%q is taken as a receipt", text)
		}
	}
}

func TestACutTailThatWasMadeWholeShowsAgainstAReceipt(t *testing.T) {
	dir, receipt := closed(t, 10)
	edit(t, dir, "lobby", func(l []string) []string { return l[:9] })
	if err := os.Remove(datadir.CataloguePath(dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(t, dir); err != nil {
		t.Fatalf("without a catalogue and a receipt nothing shows it: %v", err)
	}
	if lines, err := verify(t, dir, receipt); err == nil || lines["lobby"].Err == nil {
		t.Fatal("the receipt does not show the cut tail")
	}
}

func TestVerifyBesideARunningServerAndAfterACrash(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, Options{})
	r := b.Record.(*Record)
	for i := range 6 {
		b.Fill("lobby", 500, 50)
		b.Fill(fmt.Sprint("room-", i), 10, 3)
		if i == 2 {
			if err := r.checkpoints.checkpoint(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		tail := b.Tail("lobby")
		for name, at := range map[string]string{"running": dir, "crashed": crash(t, dir)} {
			lines, err := verify(t, at, transcript.Receipt{ID: "lobby", Seq: tail.Last, Sum: tail.Sum})
			if err != nil || lines["lobby"].Entries != tail.Last || len(lines) != i+2 {
				t.Fatalf("%s: %v, %d conversations, lobby %+v; want %d entries",
					name, err, len(lines), lines["lobby"], tail.Last)
			}
			var offline, online bytes.Buffer
			if err := inspect.Lines(at, "lobby", collect(&offline)); err != nil {
				t.Fatal(err)
			}
			if err := r.Lines(context.Background(), "lobby", collect(&online)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(offline.Bytes(), online.Bytes()) {
				t.Fatalf("%s: the lines read offline are not those of the record", name)
			}
		}
	}
}

func collect(b *bytes.Buffer) func([]byte) error {
	return func(line []byte) error {
		b.Write(line)
		return b.WriteByte('\n')
	}
}

func TestVerifyWhileMessagesComeInFindsNothing(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, Options{})
	r := b.Record.(*Record)
	b.Fill("lobby", 10, 10)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() { // the test waits for it
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			id := fmt.Sprint("room-", i%7)
			s := recordtest.Say(id, "ann", "", strings.Repeat("x", i%20000))
			recordtest.Commit(r, s)
			if i%50 == 0 {
				_ = r.checkpoints.checkpoint(context.Background())
			}
		}
	}()
	for range 10 {
		if lines, err := verify(t, dir); err != nil {
			for _, l := range lines {
				if l.Err != nil {
					t.Error(l)
				}
			}
			t.Error(err)
		}
	}
	close(done)
	<-ended
}

// hookFS calls hook once, before the file is opened that bears this name.
type hookFS struct {
	vfs.OS
	name string
	hook func()
}

func (f *hookFS) Open(path string, flag int) (vfs.File, error) {
	if hook := f.hook; hook != nil && filepath.Base(path) == f.name {
		f.hook = nil
		hook()
	}
	return f.OS.Open(path, flag)
}

// A long verify is begun while nobody serves, and then somebody starts the server: what it writes is no fault of the
// record.
func TestVerifyGoesOnWhereAServerStartsMeanwhile(t *testing.T) {
	for name, end := range map[string]func(r *Record) error{
		"and runs": func(*Record) error { return nil }, "and has ended": (*Record).Close,
	} {
		dir, receipt := closed(t, 10)
		fs := &hookFS{name: "lobby.jsonl"}
		fs.hook = func() {
			b := bench(t, dir, small)
			b.Fill("lobby", 5, 5)
			r := b.Record.(*Record)
			must(t, r.checkpoints.checkpoint(t.Context()))
			b.Fill("lobby", 5, 5) // it is in the journal
			must(t, end(r))
		}
		lines := make(map[protocol.ConversationID]inspect.Finding)
		report := func(l inspect.Finding) { lines[l.ID] = l }
		err := inspect.VerifyOn(t.Context(), fs, dir, []transcript.Receipt{receipt}, report, nil)
		if err != nil || lines["lobby"].Err != nil || lines["lobby"].Entries < 20 {
			t.Errorf("a server starts %s: verify says %v, and %q", name, err, lines["lobby"])
		}
		if fs.hook != nil {
			t.Error("no server was started")
		}
	}
}

func TestVerifyNamesWhatIsBrokenThoughAServerStartsMeanwhile(t *testing.T) {
	dir, _ := closed(t, 10)
	edit(t, dir, "lobby", func(l []string) []string {
		l[4] = strings.Replace(l[4], "message 4", "message 5", 1)
		return l
	})
	fs := &hookFS{name: "lobby.jsonl"}
	fs.hook = func() { bench(t, dir, small).Fill("other", 5, 5) }
	lines := make(map[protocol.ConversationID]inspect.Finding)
	err := inspect.VerifyOn(t.Context(), fs, dir, nil, func(l inspect.Finding) { lines[l.ID] = l }, nil)
	if err == nil || lines["lobby"].Line != 5 || lines["other"].Err != nil || lines["other"].Entries < 3 {
		t.Errorf("verify says %v, %q and %q; want line 5 of lobby", err, lines["lobby"], lines["other"])
	}
}

// A server refuses each of these: what it would not show is not exported as a whole transcript either.
func TestAnExportThatDoesNotEndAsTheRecordDoesFails(t *testing.T) {
	other, _ := closed(t, 10)
	for name, c := range map[string]struct {
		spoil func(dir, path string) error
		want  string
	}{
		"an empty file": {func(_, path string) error { return os.Truncate(path, 0) }, "it is shorter"},
		"an empty file that nothing speaks of": {func(dir, path string) error {
			return errors.Join(os.Remove(datadir.CataloguePath(dir)), os.Truncate(path, 0))
		}, "there is no entry"},
		"a log line alone, of which nothing speaks": {func(dir, path string) error {
			b, err := os.ReadFile(path)
			head, _, _ := bytes.Cut(b, newline)
			return errors.Join(err, os.WriteFile(path, append(head, '\n'), 0o600), os.Remove(datadir.CataloguePath(dir)))
		}, "there is no entry"},
		"another history of the same length": {func(_, path string) error {
			b, err := os.ReadFile(filepath.Join(other, "transcripts", "lobby.jsonl"))
			return errors.Join(err, os.WriteFile(path, b, 0o600))
		}, "the catalogue says"},
	} {
		dir, _ := closed(t, 10)
		path := filepath.Join(dir, "transcripts", "lobby.jsonl")
		must(t, c.spoil(dir, path))
		err := inspect.Lines(dir, "lobby", func([]byte) error { return nil })
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: an export says %v, want the file, and that %s", name, err, c.want)
		}
	}
}

// openFewFS counts the files that are open at a time.
type openFewFS struct {
	vfs.OS
	now, most *atomic.Int64
}

type countedFile struct {
	vfs.File
	now *atomic.Int64
}

func (f countedFile) Close() error { f.now.Add(-1); return f.File.Close() }

func (f openFewFS) Open(path string, flag int) (vfs.File, error) {
	o, err := f.OS.Open(path, flag)
	if err != nil {
		return nil, err
	}
	f.most.Store(max(f.most.Load(), f.now.Add(1)))
	return countedFile{o, f.now}, nil
}

// The user who runs verify may have few open files (ulimit -n); each transcript is read once.
func TestVerifyKeepsFewFilesOpen(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, small)
	for i := range 100 {
		b.Fill(fmt.Sprint("c", i), 1, 1)
	}
	must(t, b.Record.Close())
	fs := openFewFS{now: new(atomic.Int64), most: new(atomic.Int64)}
	must(t, inspect.VerifyOn(t.Context(), fs, dir, nil, func(inspect.Finding) {}, nil))
	if most, left := fs.most.Load(), fs.now.Load(); most > 16 || left != 0 {
		t.Errorf("%d files were open at a time, and %d at the end; want 16 at most, and none", most, left)
	}
}

func TestNamesThatCannotBeReadAreNotNone(t *testing.T) {
	dir, _ := closed(t, 3)
	fs := unreadFS{refuse: func(path string) error {
		if path == filepath.Join(dir, "transcripts") || path == datadir.CataloguePath(dir) {
			return unix.EACCES
		}
		return nil
	}}
	ids, err := inspect.IDsOn(fs, dir)
	if err == nil || len(ids) > 0 || !strings.Contains(err.Error(), filepath.Join(dir, "transcripts")) {
		t.Errorf("it says that there are %v, %v; want that they cannot be read", ids, err)
	}
}

func TestThereIsNoConversationOffline(t *testing.T) {
	dir, _ := closed(t, 1)
	for _, id := range []protocol.ConversationID{"nowhere", "../etc"} {
		if err := inspect.Lines(dir, id, func([]byte) error { return nil }); !errors.Is(err, inspect.ErrNoConversation) {
			t.Errorf("%s: %v, want ErrNoConversation", id, err)
		}
	}
	if _, err := inspect.Open(filepath.Join(dir, "nothing")); err == nil || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("no directory: %v, want an error that says what to do", err)
	}
}
