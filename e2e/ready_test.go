package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// onMount starts a server in mount and user namespaces of its own, after a shell there has mounted what the test wants.
// $0 is the data directory.
func onMount(t *testing.T, mount string) *server {
	t.Helper()
	s := newServer(t)
	s.under = []string{"unshare", "--map-root-user", "--mount", "sh", "-c",
		`mkdir -p "$0" && ` + mount + ` && exec "$@"`, s.data}
	s.start()
	return s
}

// within runs a shell command where the server is; $0 is the data directory.
func (s *server) within(command string) {
	s.t.Helper()
	out, err := exec.Command("nsenter", "--preserve-credentials", "--user", "--mount", "-t",
		fmt.Sprint(s.cmd.Process.Pid),
		"sh", "-c", command, s.data).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v: %s", command, err, out)
	}
}

// Strangers read /readyz: it is one word, and the log says why.
func (s *server) unready(t *testing.T, log ...string) {
	t.Helper()
	a := s.get(t, "/readyz").is(t, 503)
	if a.body != "unavailable\n" || a.header.Get("Retry-After") == "" {
		t.Errorf("/readyz says %q, Retry-After %q; want one word", a.body, a.header.Get("Retry-After"))
	}
	if m := s.get(t, "/metrics"); !strings.Contains(m.body, "\nverbatim_ready 0\n") {
		t.Error("verbatim_ready is not 0")
	}
	for _, want := range log {
		eventually(t, "the log says "+want, func() bool { return strings.Contains(s.output.String(), want) })
	}
}

func TestReadyzSaysUnavailableFromTheStartWhereNothingCanBeRecorded(t *testing.T) {
	t.Parallel()
	for what, row := range map[string]struct {
		mount, mend string
		log         []string
	}{
		"a disk smaller than a segment of the journal": {
			`mount -t tmpfs -o size=8m none "$0"`, `mount -o remount,size=128m "$0"`,
			[]string{"it takes 16777216 bytes", "make room", "journal/000000000001.journal"},
		},
		"a disk without inodes": {
			`mount -t tmpfs -o size=128m,nr_inodes=6 none "$0"`, `mount -o remount,nr_inodes=1000 "$0"`,
			[]string{"inodes", "journal/000000000001.journal"},
		},
		"transcripts on another disk that is full": {
			`mkdir "$0/transcripts" && mount -t tmpfs -o size=64k none "$0/transcripts" && ` +
				`{ cat /dev/zero >"$0/transcripts/fill" 2>/dev/null || true; }`,
			`rm "$0/transcripts/fill"`,
			[]string{"/transcripts", "make room"},
		},
		"transcripts on a disk that is read-only": {
			`mkdir "$0/transcripts" && mount -t tmpfs -o ro none "$0/transcripts"`,
			`mount -o remount,rw "$0/transcripts"`,
			[]string{"/transcripts", "read-only"},
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := onMount(t, row.mount)
			s.unready(t, row.log...)
			s.get(t, "/healthz").is(t, 200)
			s.within(row.mend)
			eventually(t, "it is ready by itself", func() bool { return s.get(t, "/readyz").body == "ready\n" })
			s.dial(t, "ann").send("lobby", "", "hi")
			s.terminate()
		})
	}
}

func TestReadyzNoticesADiskThatIsMadeReadOnlyBeforeTheFirstSend(t *testing.T) {
	t.Parallel()
	s := onMount(t, `mkdir "$0/transcripts" && mount -t tmpfs none "$0/transcripts"`)
	s.get(t, "/readyz").is(t, 200)
	s.within(`mount -o remount,ro "$0/transcripts"`)
	eventually(t, "it is not ready", func() bool { return s.get(t, "/readyz").status == 503 })
	s.unready(t, filepath.Join(s.data, "transcripts"), "read-only")
	s.within(`mount -o remount,rw "$0/transcripts"`)
	eventually(t, "it is ready by itself", func() bool { return s.get(t, "/readyz").status == 200 })
}
