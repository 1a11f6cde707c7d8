package e2e

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// command runs a program to its end.
func command(t testing.TB, program string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	cmd.Wait()
	if !stop.Stop() {
		t.Fatalf("%s %v ran for more than %v; stdout %q, stderr %q",
			program, args, patience, out.String(), errs.String())
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// asAnother returns a command that runs the program as a user who owns none of the files: root becomes nobody. The
// program is in a folder that this user can read.
func asAnother(t testing.TB, args ...string) []string {
	t.Helper()
	if os.Geteuid() != 0 {
		return append([]string{binary}, args...)
	}
	copied := filepath.Join(t.TempDir(), "verbatim")
	if err := os.Chmod(filepath.Dir(filepath.Dir(copied)), 0o755); err != nil { // what all of the test's folders are in
		t.Fatal(err)
	}
	from, err := os.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(copied, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return append([]string{"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", copied}, args...)
}

// modes returns every file and folder of a directory to others to read, or not.
func modes(t testing.TB, dir string, file, folder fs.FileMode) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, folder)
		}
		return os.Chmod(path, file)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// crashedRecord is what kill -9 leaves of a server with lobby (30 entries) and team (3), some of it in the journal
// alone.
func crashedRecord(t *testing.T) (dir string, receipts []frame) {
	t.Helper()
	s, receipts := twoConversations(t)
	s.kill()
	return s.data, receipts
}

func TestVerifyAndExportOpenNothingToWrite(t *testing.T) {
	t.Parallel()
	s, _ := twoConversations(t)
	look := func(when, opens string) {
		for _, args := range [][]string{
			{"verify", "--data-dir", s.data},
			{"export", "lobby", "--data-dir", s.data, "--format", "json"},
		} {
			calls := filepath.Join(t.TempDir(), "calls")
			all := append([]string{"-f", "-qq", "-o", calls, "-e", "trace=file,desc", binary}, args...)
			if code, _, stderr := command(t, "strace", all...); code != 0 {
				t.Errorf("%s: %v: exit %d: %s", when, args, code, stderr)
			}
			said, err := os.ReadFile(calls)
			if err != nil || !strings.Contains(string(said), s.data+"/"+opens) {
				t.Fatalf("%s: strace does not show how %s is opened: %v", when, opens, err)
			}
			changes := regexp.MustCompile(`O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|` +
				`mkdir|chmod|chown|rename|unlink|truncate|utime|link`)
			for _, call := range lines(string(said)) {
				if strings.Contains(call, s.data) && changes.MatchString(call) {
					t.Errorf("%s: %v: %s", when, args, call)
				}
			}
		}
	}
	look("beside the running server", "journal/0")
	s.kill()
	look("after kill -9", "journal/0")
	s.start()
	s.terminate()
	look("after a stop", "transcripts/lobby.jsonl")
}

func TestVerifyAndExportWorkForWhoMayOnlyRead(t *testing.T) {
	t.Parallel()
	s, receipts := twoConversations(t)
	s.terminate()
	s.start() // so that the journal goes on where a transcript ends
	last := s.dial(t, "ann").send("lobby", "", "the last")
	s.kill()
	dir, last0 := s.data, receipts[29]
	want := fmt.Sprintf("lobby 31 %s\n", last.Sum)
	check := func(how string, run func(args ...string) (int, string, string)) {
		t.Helper()
		code, stdout, stderr := run("verify", "--data-dir", dir, "--receipt", "lobby:30:"+last0.Sum)
		if code != 0 || !strings.Contains(stdout, want) || stderr != "" {
			t.Errorf("%s: verify: exit %d: %s%s; want %q", how, code, stdout, stderr, want)
		}
		code, stdout, stderr = run("export", "lobby", "--data-dir", dir)
		if code != 0 || len(lines(stdout)) != 32 || stderr != "" {
			t.Errorf("%s: export: exit %d, %d lines: %s", how, code, len(lines(stdout)), stderr)
		}
	}
	check("a read-only mount", func(args ...string) (int, string, string) {
		mount := `mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && ! touch "$0/x" 2>/dev/null && exec "$@"`
		return command(t, "unshare",
			append([]string{"--map-root-user", "--mount", "sh", "-c", mount, dir, binary}, args...)...)
	})
	modes(t, dir, 0o444, 0o555)
	defer modes(t, dir, 0o600, 0o700)
	check("another user", func(args ...string) (int, string, string) {
		all := asAnother(t, args...)
		return command(t, all[0], all[1:]...)
	})
}

func TestVerifyLooksAtEveryFileAndNamesEachThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir, receipts := crashedRecord(t)
	server := &server{t: t, data: dir}
	modes(t, dir, 0o444, 0o555)
	defer modes(t, dir, 0o600, 0o700)
	run := func(args ...string) (int, string, string) {
		t.Helper()
		all := asAnother(t, args...)
		return command(t, all[0], all[1:]...)
	}
	segments, err := filepath.Glob(filepath.Join(dir, "journal", "*.journal"))
	if err != nil || len(segments) == 0 {
		t.Fatalf("there is no journal: %v", err)
	}
	chmod := func(mode fs.FileMode, paths ...string) {
		t.Helper()
		for _, path := range paths {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	chmod(0, segments...)
	code, stdout, stderr := run("verify", "--data-dir", dir)
	for _, segment := range segments {
		if !strings.Contains(stderr, segment+": it cannot be read: permission denied: ") {
			t.Errorf("%s is not named: %s", segment, stderr)
		}
	}
	if code != 1 {
		t.Errorf("with a journal that cannot be read: exit %d: %s%s", code, stdout, stderr)
	}
	if code, _, stderr := run("export", "lobby", "--data-dir", dir); code != 1 ||
		!strings.Contains(stderr, segments[0]) {
		t.Errorf("export without the journal, which may have the last words: exit %d: %s", code, stderr)
	}
	chmod(0o444, segments...)

	// Closed once, so that nothing is in the journal alone.
	modes(t, dir, 0o600, 0o700)
	whole := newServer(t)
	whole.data = dir
	whole.start()
	whole.terminate()
	modes(t, dir, 0o444, 0o555)
	chmod(0, server.transcriptPath("lobby"), filepath.Join(dir, "catalogue"))
	code, stdout, stderr = run("verify", "--data-dir", dir)
	if code != 1 || !strings.Contains(stdout, "team 3 ") {
		t.Errorf("exit %d, want 1, and team to be looked at: %s%s", code, stdout, stderr)
	}
	for _, path := range []string{server.transcriptPath("lobby"), filepath.Join(dir, "catalogue")} {
		want := path + ": it cannot be read: permission denied: let the user who runs this have it"
		if !strings.Contains(stderr, want) {
			t.Errorf("%s is not named with what to do: %s", path, stderr)
		}
	}
	if code, stdout, stderr := run("export", "team", "--data-dir", dir); code != 0 || len(lines(stdout)) != 4 {
		t.Errorf("export of another: exit %d, %d lines: %s", code, len(lines(stdout)), stderr)
	}
	if code, stdout, stderr := run("export", "lobby", "--data-dir", dir); code != 1 || stdout != "" ||
		!strings.Contains(stderr, server.transcriptPath("lobby")) {
		t.Errorf("export of the one that cannot be read: exit %d: %s%s", code, stdout, stderr)
	}
	chmod(0o444, server.transcriptPath("lobby"), filepath.Join(dir, "catalogue"))
	if code, stdout, stderr := run("verify", "--data-dir", dir, "--receipt", "lobby:30:"+receipts[29].Sum); code != 0 {
		t.Errorf("put right: exit %d: %s%s", code, stdout, stderr)
	}
}

func TestForeignThingsAmongTheTranscriptsHangNobodyAndAreNamed(t *testing.T) {
	t.Parallel()
	s, _ := twoConversations(t)
	s.terminate()
	make := map[string]func(path string) error{
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"fifo":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"device": func(path string) error { return os.Symlink("/dev/zero", path) },
		"link":   func(path string) error { return os.Symlink("/nowhere/at/all", path) },
	}
	for name, make := range make {
		if err := make(s.transcriptPath(name)); err != nil {
			t.Fatal(err)
		}
	}
	// And one that the catalogue knows.
	if err := os.Rename(s.transcriptPath("team"), filepath.Join(s.data, "team.kept")); err != nil {
		t.Fatal(err)
	}
	if err := make["fifo"](s.transcriptPath("team")); err != nil {
		t.Fatal(err)
	}
	make["team"] = nil
	if err := os.WriteFile(s.transcriptPath("lobby")+"~", nil, 0o600); err != nil {
		t.Fatal(err)
	}

	code, stdout, stderr := verbatim(t, "verify", "--data-dir", s.data)
	if code != 1 || !strings.Contains(stdout, "lobby 30 ") ||
		!strings.Contains(stderr, "lobby.jsonl~: it is passed over") {
		t.Errorf("verify: exit %d: %s%s", code, stdout, stderr)
	}
	s.start()
	for name := range make {
		if !strings.Contains(stderr, s.transcriptPath(name)+": it is a") {
			t.Errorf("verify does not name %s: %s", name, stderr)
		}
		if code, _, stderr := verbatim(t, "export", name, "--data-dir", s.data); code != 1 ||
			!strings.Contains(stderr, "move it out of") {
			t.Errorf("export of %s: exit %d: %s", name, code, stderr)
		}
		s.post(t, name, `{"from":"ann","text":"hi"}`).refuses(t, 503, "unavailable")
		eventually(t, "the log names "+name+", and what to do", func() bool { // the answer does not wait for the log
			said := s.output.String()
			return strings.Contains(said, s.transcriptPath(name)+": it is a") &&
				strings.Contains(said, "move it out of")
		})
	}
	eventually(t, "the log says what is passed over",
		func() bool { return strings.Contains(s.output.String(), `"lobby.jsonl~"`) })
	s.dial(t, "ann").send("lobby", "", "others go on")
	if code := s.terminate(); code != 0 {
		t.Errorf("exit %d", code)
	}

	for name := range make {
		if err := os.Remove(s.transcriptPath(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(s.data, "team.kept"), s.transcriptPath("team")); err != nil {
		t.Fatal(err)
	}
	s.start()
	for name, last := range map[string]int{"team": 4, "fifo": 1, "folder": 1, "device": 1, "link": 1} {
		if f := s.dial(t, "ann").send(name, "", "put right"); f.Seq != last {
			t.Errorf("%s: %s, want seq %d", name, f, last)
		}
	}
}

func TestAFifoInThePlaceOfAFileOfTheRecordRefusesTheStartAndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s, _ := twoConversations(t)
	s.terminate()
	for _, place := range []string{
		"catalogue", "format", "lock", "journal/000000000999.journal", "journal", "transcripts", "marks",
	} {
		path := filepath.Join(s.data, place)
		kept := filepath.Join(t.TempDir(), "kept")
		err := os.Rename(path, kept)
		if err == nil || strings.HasSuffix(place, ".journal") {
			err = syscall.Mkfifo(path, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		refusedStart(t, nil, []string{"serve", "--listen", "127.0.0.1:0", "--data-dir", s.data}, path, "fifo",
			"move it out of")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(place, ".journal") {
			if err := os.Rename(kept, path); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.start()
}

// slowStart starts a server on transcripts without a catalogue under strace, which holds up the opening of each. It
// returns when the server is among them.
func slowStart(t *testing.T, count int, each string, flags ...string) *process {
	t.Helper()
	s := serve(t)
	ann := s.dial(t, "ann")
	args := []string{"-D", "-f", "-qq", "-o", "/dev/null"}
	for i := range count {
		name := fmt.Sprintf("room-%d", i)
		ann.send(name, "", "hi")
		args = append(args, "-P", s.transcriptPath(name)) // strace knows them by their whole path alone
	}
	s.terminate()
	if err := os.Remove(filepath.Join(s.data, "catalogue")); err != nil {
		t.Fatal(err)
	}
	// The server warns of it when it has listed them.
	if err := os.WriteFile(s.transcriptPath("lobby")+"~", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	args = append(args, "-e", "trace=openat", "-e", "inject=openat:delay_enter="+each, binary, "serve", "--listen",
		"127.0.0.1:0", "--data-dir", s.data)
	p := start(t, false, "strace", append(args, flags...)...)
	eventually(t, "it has listed the transcripts",
		func() bool { return strings.Contains(p.output.String(), "lobby.jsonl~") })
	return p
}

func TestALongStartEndsAtASignal(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			p := slowStart(t, 200, "2s") // four at a time: 100 s
			p.signal(signal)
			if code := p.exit(); code != 0 {
				t.Errorf("exit %d: %s", code, p.output)
			}
			if said := p.output.lines(); len(said) != 2 ||
				!strings.Contains(said[1], "stopped by a signal before the server was ready") {
				t.Errorf("it said %q, want one line more", said)
			}
		})
	}
}
