package control_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"verbatim/control"
	"verbatim/directory"
	"verbatim/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serves opens a data directory's directory and serves its socket until the test ends.
func serves(t *testing.T, dataDir string) (d *directory.Directory, stop func()) {
	t.Helper()
	d, err := directory.OpenSQLite(t.Context(), dataDir, directory.Options{Create: true})
	must(t, err)
	s, err := control.Listen(dataDir, d, zerolog.Nop())
	must(t, err)
	var serving sync.WaitGroup
	serving.Go(s.Serve) // the test's; ends with stop
	stop = sync.OnceFunc(func() {
		must(t, s.Close(context.Background()))
		serving.Wait()
		must(t, d.Close())
	})
	t.Cleanup(stop)
	return d, stop
}

func block(t *testing.T, dataDir string, user protocol.UserID) error {
	t.Helper()
	_, err := control.Run(t.Context(), dataDir, control.Request{Do: control.UsersBlock, User: user})
	return err
}

func TestACommandGoesThroughTheServerThatRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, stop := serves(t, dir)
	s, err := d.Load(t.Context())
	must(t, err)
	must(t, block(t, dir, "ann"))
	if !s.Blocked("ann") {
		t.Error("the server does not know what the command has done")
	}
	made, err := control.Run(t.Context(), dir, control.Request{
		Do: control.KeysAdd, Key: "ci", Grants: directory.Grants{Read: []string{"*"}, As: true},
	})
	must(t, err)
	if len(made.Keys) != 1 || made.Keys[0].User() != "key:ci" || !strings.HasPrefix(made.Secret, "vb_") {
		t.Errorf("answer: %+v", made)
	}
	through, err := control.Run(t.Context(), dir, control.Request{Do: control.KeysList})
	must(t, err)
	audit, err := control.Run(t.Context(), dir, control.Request{Do: control.AuditList, Most: 1})
	must(t, err)
	if want := fmt.Sprintf("uid %d", os.Getuid()); len(audit.Events) != 1 || audit.Events[0].From != want {
		t.Errorf("audit: %+v, want one from %q", audit.Events, want)
	}

	stop()
	onFiles, err := control.Run(t.Context(), dir, control.Request{Do: control.KeysList})
	must(t, err)
	onFiles.Keys[0].Hash = directory.Hash{} // which does not go through the socket
	if fmt.Sprint(through) != fmt.Sprint(onFiles) || len(onFiles.Keys) != 1 {
		t.Errorf("through the server: %+v\non the files:       %+v", through, onFiles)
	}
	must(t, block(t, dir, "bob")) // and the server may start again
	if d, _ = serves(t, dir); d == nil {
		t.Error("the server did not start")
	}
}

func TestAnErrorIsTheSameThroughTheServerAndOnTheFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, stop := serves(t, dir)
	request := control.Request{Do: control.UsersReset, User: "ann"}
	_, through := control.Run(t.Context(), dir, request)
	stop()
	_, onFiles := control.Run(t.Context(), dir, request)
	if through == nil || onFiles == nil || through.Error() != onFiles.Error() ||
		!strings.Contains(through.Error(), "verbatim users list") {
		t.Errorf("through the server: %v\non the files:       %v", through, onFiles)
	}
	if _, err := control.Run(t.Context(), dir, control.Request{Do: "nonsense"}); err == nil {
		t.Error("an unknown command was done")
	}
}

func TestTheSocketIsItsOwnersOnlyAndIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, stop := serves(t, dir)
	path := filepath.Join(dir, "control")
	info, err := os.Lstat(path)
	must(t, err)
	if info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("the socket's mode is %v", info.Mode())
	}
	stop()
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket was left")
	}
}

func TestASocketThatWasLeftBehindIsReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "control")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	must(t, err)
	left.SetUnlinkOnClose(false)
	must(t, left.Close())
	must(t, block(t, dir, "ann")) // no server: the files
	d, _ := serves(t, dir)
	must(t, block(t, dir, "bob"))
	if all, err := d.Blocks(t.Context()); err != nil || len(all) != 2 {
		t.Errorf("blocks: %+v, %v", all, err)
	}
}

func TestSomethingElseThanASocketIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "control")
	must(t, os.WriteFile(path, []byte("mine"), 0o600))
	d, err := directory.OpenSQLite(t.Context(), dir, directory.Options{Create: true})
	must(t, err)
	defer d.Close()
	if _, err := control.Listen(dir, d, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("got %v", err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "mine" {
		t.Errorf("the file has %q, %v", content, err)
	}
}

// TestALongPathWorks: the path of a Unix socket has at most 107 bytes.
func TestALongPathWorks(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 30))
	must(t, os.MkdirAll(dir, 0o700))
	d, stop := serves(t, dir)
	must(t, block(t, dir, "ann"))
	if all, err := d.Blocks(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("blocks: %+v, %v", all, err)
	}
	stop()
	must(t, block(t, dir, "bob"))
	if _, err := os.Lstat(filepath.Join(dir, "control")); err == nil {
		t.Error("the socket was left")
	}
}

// TestCommandsAtOnceOnTheFiles: each waits for the others' lock.
func TestCommandsAtOnceOnTheFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	failed := make(chan error)
	for i := range 8 {
		go func() { // the test's; ends with its command
			failed <- block(t, dir, protocol.UserID(fmt.Sprintf("user %d", i)))
		}()
	}
	for range 8 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	a, err := control.Run(t.Context(), dir, control.Request{Do: control.UsersList})
	must(t, err)
	if len(a.Blocks) != 8 {
		t.Errorf("blocks: %+v", a.Blocks)
	}
}
