//gate:story kill -9 of a process that writes

package directory_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"strings"
	"testing"
	"time"

	"verbatim/directory"
	"verbatim/protocol"
)

// writerVariable makes this test's program the writer of TestWhatReturnedSurvivesKill9.
const writerVariable = "VERBATIM_TEST_DIRECTORY_WRITER"

// writes changes a directory for as long as it lives, and says what was done after it has returned.
func writes(dir, prefix string) error {
	ctx := context.Background()
	d, err := directory.OpenSQLite(ctx, dir, directory.Options{Create: true})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		user := protocol.UserID(fmt.Sprintf("%s-%d", prefix, i))
		if err := d.BlockUser(ctx, by, user); err != nil {
			return err
		}
		fmt.Println("blocked", user)
		if err := d.RevokeToken(ctx, by, string(user), time.Time{}); err != nil {
			return err
		}
		fmt.Println("revoked", user)
		key, _, err := d.AddKey(ctx, by, "ci", directory.Grants{}, time.Time{})
		if err != nil {
			return err
		}
		if i%2 == 0 {
			fmt.Println("key", key.ID)
			continue
		}
		if _, err := d.RevokeKey(ctx, by, key.ID); err != nil {
			return err
		}
		fmt.Println("nokey", key.ID)
	}
}

// TestWhatReturnedSurvivesKill9 kills a process that writes, again and again, at another moment each time.
func TestWhatReturnedSurvivesKill9(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	said := map[string]bool{}
	for life := range 20 {
		cmd := osexec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s:%d", writerVariable, dir, life))
		cmd.Stderr = os.Stderr
		stdout, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(stdout)
		for n := 0; n < 1+life && lines.Scan(); n++ {
			said[lines.Text()] = true
		}
		must(t, cmd.Process.Kill())
		for lines.Scan() { // what it said before it was killed
			said[lines.Text()] = true
		}
		_ = cmd.Wait() // it was killed
		if len(said) == 0 {
			t.Fatal("the writer has done nothing")
		}
		check(t, dir, said)
	}
}

// check looks for everything that was said to be done.
func check(t *testing.T, dir string, said map[string]bool) {
	t.Helper()
	d, err := directory.OpenSQLite(t.Context(), dir, directory.Options{})
	must(t, err)
	s, err := d.Load(t.Context())
	must(t, err)
	keys := map[string]bool{}
	all, err := d.Keys(t.Context())
	must(t, err)
	for _, key := range all {
		keys[key.ID] = true
	}
	for line := range said {
		what, object, _ := strings.Cut(line, " ")
		missing := false
		switch what {
		case "blocked":
			missing = !s.Blocked(protocol.UserID(object))
		case "revoked":
			missing = !s.Revoked("", time.Now(), object)
		case "key":
			missing = !keys[object]
		case "nokey":
			missing = keys[object]
		default:
			t.Errorf("the writer said %q", line)
		}
		if missing {
			t.Errorf("%q was said, and is not so", line)
		}
	}
	must(t, d.Close())
}
