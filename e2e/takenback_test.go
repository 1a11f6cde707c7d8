package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// does has the command line do something on a server's data directory, and returns what it printed.
func (s *server) does(t testing.TB, args ...string) string {
	t.Helper()
	code, stdout, stderr := verbatim(t, append(args, "--data-dir", s.data)...)
	if code != 0 {
		t.Fatalf("verbatim %v: exit %d, %s", args, code, stderr)
	}
	return strings.TrimSpace(stdout)
}

// refuses fails the test unless a credential gets a close with one of these codes, and no welcome.
func (s *server) refuses(t testing.TB, credential, why string) {
	t.Helper()
	c, err := s.tryDial(t, "", with(credential))
	if err != nil {
		t.Fatal(err)
	}
	if code, reason := c.closed(); code != 4001 && code != 4003 {
		t.Errorf("%s: it was closed with %d %q, want 4001 or 4003", why, code, reason)
	}
}

// TestWhatACommandTookBackSurvivesKill9: the server is killed right after the command has returned, and nobody comes in
// again.
func TestWhatACommandTookBackSurvivesKill9(t *testing.T) {
	t.Parallel()
	flags, m := secret(t)
	s := serve(t, flags...)
	taken := map[string]string{}
	for _, round := range []string{"a", "b"} {
		blocked, revoked, key := m.make("blocked-"+round), m.make("revoked-"+round), s.does(t, "keys", "add", "key-"+round, "--read", "*")
		for _, credential := range []string{blocked, revoked, key} {
			s.enter(t, "", credential)
		}
		for _, take := range []struct {
			credential string
			command    []string
		}{
			{blocked, []string{"users", "block", "blocked-" + round}},
			{revoked, []string{"revoke", "--user", "revoked-" + round}},
			{key, []string{"keys", "revoke", "key-" + round}},
		} {
			s.does(t, take.command...)
			s.crash()
			taken[take.credential] = strings.Join(take.command, " ")
			for credential, why := range taken {
				s.refuses(t, credential, why)
			}
		}
	}
	s.enter(t, "", m.make("somebody"))
}

// TestABackupHasWhatWasTakenBack: backup.sh copies the directory of a running server.
func TestABackupHasWhatWasTakenBack(t *testing.T) {
	t.Parallel()
	flags, m := secret(t)
	s := serve(t, flags...)
	ann := m.make("ann")
	s.does(t, "users", "block", "ann")
	copied := filepath.Join(t.TempDir(), "copy")
	cmd := exec.Command("../docs/operating/backup.sh", s.data, copied)
	cmd.Env = append(cmd.Environ(), "VERBATIM="+binary)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("backup.sh: %v: %s", err, out)
	}
	s.kill()
	s.data = copied
	s.start()
	s.refuses(t, ann, "the copy")
	if list := s.does(t, "users", "list"); !strings.Contains(list, "ann") {
		t.Errorf("the copy's users: %s", list)
	}
}
