package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fortunesProgram builds scripts/fortunes, which people run by hand as `go run ./scripts/fortunes`.
func fortunesProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fortunes")
	cmd := exec.Command("go", "build", "-o", path, "./scripts/fortunes")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

func TestTheWorldsQuotationsComeBackByteForByteOverHundredsOfSockets(t *testing.T) {
	t.Parallel()
	s := serve(t, "--redis", startRedis(t).url())
	p := start(t, false, fortunesProgram(t), "-addr", s.addr, "-data", s.data)
	if code := p.exit(); code != 0 {
		t.Fatalf("exit %d: %s", code, p.output)
	}
	t.Log(tail(p.output.String(), 600))
	// It is no proof if nothing was played.
	if list, _ := s.conversations(t, "prefix=fortunes-&limit=1000"); len(list) < 100 {
		t.Errorf("%d conversations were played, want 100 and more", len(list))
	}
	if code, stdout, stderr := verbatim(t, "verify", "--data-dir", s.data); code != 0 {
		t.Errorf("verify: exit %d: %s%s", code, tail(stdout, 500), tail(stderr, 500))
	}
}

// The proof proves something: it must find what was changed.
func TestTheQuotationsProofFindsAnAlteredTranscript(t *testing.T) {
	t.Parallel()
	s := serve(t)
	program := fortunesProgram(t)
	// A folder of files that are not the server's, in place of the transcripts.
	p := start(t, false, program, "-addr", s.addr, "-data", t.TempDir(), "-sockets", "20", "-each", "2")
	if code := p.exit(); code != 1 || !strings.Contains(p.output.String(), "transcripts") {
		t.Errorf("exit %d, want 1 and the file: %s", code, tail(p.output.String(), 600))
	}
}
