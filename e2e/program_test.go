package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestVersionSaysVersionCommitAndGoVersion(t *testing.T) {
	t.Parallel()
	code, stdout, _ := verbatim(t, "version")
	if code != 0 || !regexp.MustCompile(`\bgo1\.\d+`).MatchString(stdout) || len(strings.Fields(stdout)) < 3 {
		t.Errorf("exit %d: %q", code, stdout)
	}
}

// refusedStart wants exit 2 and one line that is about the words.
func refusedStart(t *testing.T, env []string, args []string, words ...string) {
	t.Helper()
	code, stdout, stderr := verbatimWith(t, env, args...)
	if code != 2 || stdout != "" || len(lines(stderr)) != 1 {
		t.Errorf("%v: exit %d, stdout %q, stderr %q; want exit 2 and one line on stderr", args, code, stdout, stderr)
	}
	for _, word := range words {
		if !strings.Contains(stderr, word) {
			t.Errorf("%v: %q does not say %q", args, stderr, word)
		}
	}
}

func TestARefusedStartExits2WithOneLine(t *testing.T) {
	t.Parallel()
	s := serve(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "a-file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, row := range map[string]struct {
		args  []string
		words []string
	}{
		"an unknown flag":         {[]string{"serve", "--nonsense"}, []string{"nonsense"}},
		"an unknown command":      {[]string{"dance"}, []string{"dance"}},
		"a port in use":           {[]string{"serve", "--listen", s.addr}, []string{s.addr}},
		"an address that is none": {[]string{"serve", "--listen", "nowhere"}, []string{"nowhere"}},
		"a rate below zero": {[]string{"serve", "--listen", "127.0.0.1:0", "--send-rate", "-1"},
			[]string{"rate"}},
		"a rate that is none": {[]string{"serve", "--listen", "127.0.0.1:0", "--send-rate", "fast"},
			[]string{"rate"}},
		"a timeout that is none": {[]string{"serve", "--listen", "127.0.0.1:0", "--write-timeout", "soon"},
			[]string{"write-timeout"}},
		"a text over the frame": {[]string{"serve", "--listen", "127.0.0.1:0", "--max-text", "16384",
			"--max-frame", "100"}, []string{"max-frame"}},
		"a Redis that is no URL": {[]string{"serve", "--listen", "127.0.0.1:0", "--redis", "nonsense"},
			[]string{"redis"}},
		"data in a file": {[]string{"serve", "--listen", "127.0.0.1:0", "--data-dir", file}, []string{file}},
		"a data folder in use": {[]string{"serve", "--listen", "127.0.0.1:0", "--data-dir", s.data},
			[]string{s.data}},
		"an open door to the net": {[]string{"serve", "--listen", "0.0.0.0:0"}, []string{"--auth open"}},
		"token mode without a key": {
			[]string{"serve", "--listen", "127.0.0.1:0", "--auth", "token"}, []string{"--token-secret"},
		},
		"an --auth that is none": {[]string{"serve", "--listen", "127.0.0.1:0", "--auth", "maybe"}, []string{"auth"}},
		"--record, not yet": {[]string{"serve", "--listen", "127.0.0.1:0", "--record", "postgres://127.0.0.1/x"},
			[]string{"record"}},
	} {
		t.Run(what, func(t *testing.T) { refusedStart(t, nil, row.args, row.words...) })
	}
	t.Run("a bad value in the environment", func(t *testing.T) {
		refusedStart(t, []string{"VERBATIM_SEND_RATE=fast"}, []string{"serve", "--listen", "127.0.0.1:0"}, "fast")
	})
	// And the server whose folder was wanted goes on.
	s.dial(t, "ann").send("lobby", "", "hi")
}

func TestEveryFlagIsAlsoAnEnvironmentVariableAndTheFlagWins(t *testing.T) {
	t.Parallel()
	addr := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	p := start(t, false, "env", "-C", t.TempDir(), "VERBATIM_LISTEN="+addr, "VERBATIM_DATA_DIR=./elsewhere",
		"VERBATIM_SEND_RATE=7", "VERBATIM_MAX_TEXT=100",
		binary, "serve", "--max-text", "200")
	eventually(t, "it listens where the variable says", func() bool {
		return strings.Contains(p.output.String(), "listening on http://"+addr)
	})
	s := &server{t: t, process: p, addr: addr}
	w := s.dial(t, "ann").welcome
	if w.Limits["rate"] != 7 || w.Limits["text"] != 200 {
		t.Errorf("limits: got rate %d, text %d, want 7 from the environment, 200 from the flag",
			w.Limits["rate"], w.Limits["text"])
	}
}

func TestListenOnPort0PicksAPortAndSaysIt(t *testing.T) {
	t.Parallel()
	p := start(t, false, binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(t.TempDir(), "data"))
	said := regexp.MustCompile(`listening on http://(127\.0\.0\.1:\d+)\n`)
	eventually(t, "the line that says where it listens", func() bool { return said.MatchString(p.output.String()) })
	s := &server{t: t, process: p, addr: said.FindStringSubmatch(p.output.String())[1]}
	s.dial(t, "ann").send("lobby", "", "hi")
}

func TestAnOpenServerOnTheNetMustBeAskedForAndSaysSo(t *testing.T) {
	t.Parallel()
	p := start(t, false, binary, "serve", "--listen", fmt.Sprintf("0.0.0.0:%d", freePort(t)), "--auth", "open",
		"--data-dir", filepath.Join(t.TempDir(), "data"))
	eventually(t, "it listens", func() bool { return strings.Contains(p.output.String(), "listening on http://") })
	eventually(t, "it says that it is open", func() bool { return strings.Contains(p.output.String(), "open") })
}

func TestANewerDataFormatIsRefused(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.dial(t, "ann").send("lobby", "", "hi")
	s.terminate()
	raised := 0
	entries, err := os.ReadDir(s.data)
	if err != nil {
		t.Fatal(err)
	}
	// The format's version is in a file of its own; only its name is not told. It is the one that is a short text
	// with a 2.
	for _, e := range entries {
		path := filepath.Join(s.data, e.Name())
		b, err := os.ReadFile(path)
		if err != nil || len(b) > 100 || !regexp.MustCompile(`(?i)format|version`).MatchString(e.Name()+string(b)) {
			continue
		}
		newer := strings.Replace(string(b), `"format":2`, `"format":99`, 1)
		if err := os.WriteFile(path, []byte(newer), 0o600); err != nil {
			t.Fatal(err)
		}
		raised++
	}
	if raised != 1 {
		t.Fatalf("%d files in %s look like the format's, want 1: %v", raised, s.data, entries)
	}
	refusedStart(t, nil, []string{"serve", "--listen", "127.0.0.1:0", "--data-dir", s.data}, "format")
}

func TestDataFilesAreForTheirOwnerAlone(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann := s.dial(t, "ann")
	ann.sendMany("lobby", "a", 10)
	s.transcriptUpTo(t, "lobby", 10)
	look := func() {
		err := filepath.WalkDir(s.data, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			want := fs.FileMode(0o600)
			if d.IsDir() {
				want = 0o700
			}
			if info.Mode().Perm() != want {
				t.Errorf("%s: %v, want %v", path, info.Mode().Perm(), want)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	look()
	s.terminate()
	look()
}
