package directory_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"verbatim/directory"
)

var by = directory.By{Actor: "root", From: "192.0.2.1"}

// made returns a data directory with a directory in which ann is blocked.
func made(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	d, err := directory.OpenSQLite(t.Context(), dir, directory.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.BlockUser(t.Context(), by, "ann"); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// contentOf returns what is in a file, or nil if it is none.
func contentOf(path string) []byte {
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	content, _ := os.ReadFile(path)
	return content
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestADatabaseThatIsNotWholeIsRefusedAndKept: each row spoils a directory that was in order. Open says what to do, in
// one line, and changes nothing.
func TestADatabaseThatIsNotWholeIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		spoil func(t *testing.T, dir, db, marker string)
		want  []string
	}{
		"lost": {func(t *testing.T, _, db, _ string) {
			must(t, os.Remove(db))
		}, []string{"is lost", "newest backup", "docs/operating/backup.md"}},
		"empty": {func(t *testing.T, _, db, _ string) {
			write(t, db, nil)
		}, []string{"is damaged (it has 0 bytes)", "newest backup"}},
		"empty, and never marked": {func(t *testing.T, _, db, marker string) {
			must(t, os.Remove(marker))
			write(t, db, nil)
		}, []string{"is damaged (it has 0 bytes)"}},
		"cut": {func(t *testing.T, _, db, _ string) {
			must(t, os.Truncate(db, 8192))
		}, []string{"is damaged", "newest backup"}},
		"overwritten": {func(t *testing.T, _, db, _ string) {
			write(t, db, []byte(strings.Repeat("no database ", 1000)))
		}, []string{"is damaged (it is no SQLite database)", "newest backup"}},
		"a page overwritten": {func(t *testing.T, _, db, _ string) {
			content, err := os.ReadFile(db)
			must(t, err)
			for i := 4096; i < 8*4096; i++ {
				content[i] = byte(rand.Uint32())
			}
			write(t, db, content)
		}, []string{"is damaged", "newest backup"}},
		"another program's": {func(t *testing.T, _, db, _ string) {
			must(t, os.Remove(db))
			must(t, exec(t.Context(), "sqlite", db, "CREATE TABLE theirs (a)"))
		}, []string{"database of another program"}},
		"another data directory's": {func(t *testing.T, _, db, _ string) {
			content, err := os.ReadFile(filepath.Join(made(t), "server.db"))
			must(t, err)
			write(t, db, content)
		}, []string{"belongs to another data directory", "from one backup"}},
		"a newer program's": {func(t *testing.T, _, db, _ string) {
			must(t, exec(t.Context(), "sqlite", db, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)"))
		}, []string{"schema 99", "newer than this program", "use the verbatim that wrote it"}},
		"the marker damaged": {func(t *testing.T, _, _, marker string) {
			write(t, marker, []byte("{"))
		}, []string{"server.id is damaged"}},
		"a folder": {func(t *testing.T, _, db, _ string) {
			must(t, os.Remove(db))
			must(t, os.Mkdir(db, 0o700))
		}, []string{"is no file"}},
		"a fifo": {func(t *testing.T, _, db, _ string) {
			must(t, os.Remove(db))
			must(t, unix.Mkfifo(db, 0o600))
		}, []string{"is no file"}},
		"a link to nothing": {func(t *testing.T, dir, db, _ string) {
			must(t, os.Remove(db))
			must(t, os.Symlink(filepath.Join(dir, "nothing"), db))
		}, []string{"is a link to nothing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := made(t)
			db, marker := filepath.Join(dir, "server.db"), filepath.Join(dir, "server.id")
			row.spoil(t, dir, db, marker)
			before := contentOf(db)
			d, err := directory.OpenSQLite(t.Context(), dir, directory.Options{Create: true})
			if err == nil {
				d.Close()
				t.Fatal("it was opened")
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has more than one line: %q", err)
			}
			if !bytes.Equal(before, contentOf(db)) {
				t.Error("server.db was changed")
			}
		})
	}
}

func TestADirectoryIsWholeAfterACrashWhileItWasMade(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(dir string) error{
		"before the database had its name": func(dir string) error {
			return errors.Join(os.Rename(filepath.Join(dir, "server.db"), filepath.Join(dir, "server.db.new")),
				os.WriteFile(filepath.Join(dir, "server.db.new-journal"), []byte("x"), 0o600),
				os.Remove(filepath.Join(dir, "server.id")))
		},
		"before the marker was written": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "server.id")),
				os.WriteFile(filepath.Join(dir, "server.id.new"), []byte("{"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := made(t)
			must(t, spoil(dir))
			for range 2 {
				d, err := directory.OpenSQLite(t.Context(), dir, directory.Options{Create: true})
				must(t, err)
				must(t, d.Close())
			}
			must(t, os.Remove(filepath.Join(dir, "server.db")))
			if _, err := directory.OpenSQLite(t.Context(), dir, directory.Options{Create: true}); err == nil {
				t.Error("a lost database was replaced by an empty one")
			}
		})
	}
}

func TestFilesAreForTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if os.Geteuid() == 0 { // as where root gives a command, and the server runs as another user
		must(t, os.Chown(dir, 65534, 65534))
	}
	d, err := directory.OpenSQLite(t.Context(), dir, directory.Options{Create: true})
	must(t, err)
	defer d.Close()
	must(t, d.BlockUser(t.Context(), by, "ann"))
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) < 5 {
		t.Errorf("there are %v, want server.db, -wal, -shm, .id, .lock", entries)
	}
	var folder unix.Stat_t
	must(t, unix.Stat(dir, &folder))
	for _, entry := range entries {
		var is unix.Stat_t
		must(t, unix.Stat(filepath.Join(dir, entry.Name()), &is))
		if is.Mode&0o777 != 0o600 || is.Uid != folder.Uid || is.Gid != folder.Gid {
			t.Errorf("%s: mode %o, owner %d:%d", entry.Name(), is.Mode&0o777, is.Uid, is.Gid)
		}
	}
}

func TestASecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	dir := made(t)
	d, err := directory.OpenSQLite(t.Context(), dir, directory.Options{})
	must(t, err)
	if second, err := directory.OpenSQLite(t.Context(), dir, directory.Options{}); !errors.Is(err, directory.ErrInUse) {
		t.Errorf("got %v, %v; want that another process uses it", second, err)
	}
	must(t, d.Close())
	d, err = directory.OpenSQLite(t.Context(), dir, directory.Options{})
	must(t, err)
	must(t, d.Close())
	if _, err := directory.OpenSQLite(t.Context(), filepath.Join(dir, "missing"), directory.Options{}); err == nil ||
		!strings.Contains(err.Error(), "give --data-dir the server's") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// TestSQLiteSyncsEachCommit: the settings without which a power cut takes back what was answered.
func TestSQLiteSyncsEachCommit(t *testing.T) {
	t.Parallel()
	d, err := directory.OpenSQLite(t.Context(), t.TempDir(), directory.Options{Create: true})
	must(t, err)
	defer d.Close()
	for pragma, want := range map[string]string{
		"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "10000",
	} {
		if got, err := directory.Pragma(d, pragma); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", pragma, got, err, want)
		}
	}
}

func TestAForeignSchemaInPostgreSQLIsRefused(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	must(t, exec(t.Context(), "pgx", url, "CREATE SCHEMA verbatim_directory CREATE TABLE theirs (a bigint)"))
	_, err := directory.OpenPostgres(t.Context(), url, directory.Options{Create: true})
	if err == nil || !strings.Contains(err.Error(), "belongs to another program") {
		t.Errorf("got %v", err)
	}
}

func TestANewerSchemaInPostgreSQLIsRefused(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	d, err := directory.OpenPostgres(t.Context(), url, directory.Options{Create: true})
	must(t, err)
	must(t, d.Close())
	must(t, exec(t.Context(), "pgx", url,
		"INSERT INTO verbatim_directory.goose_db_version (version_id, is_applied) VALUES (99, true)"))
	_, err = directory.OpenPostgres(t.Context(), url, directory.Options{})
	if err == nil || !strings.Contains(err.Error(), "schema 99") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

func TestAPostgreSQLThatIsNotThereIsOneLineWithoutAPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://ann:s3cret@127.0.0.1:1/chat", "postgres://ann:s3cret@127.0.0.1:port/chat"} {
		_, err := directory.OpenPostgres(t.Context(), url, directory.Options{})
		if err == nil || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("got %v", err)
		}
	}
}

// TestSeveralMayMakeTheSchemaAtOnce: nodes that are started together.
func TestSeveralMayMakeTheSchemaAtOnce(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	ids := make(chan string)
	for range 8 {
		go func() { // the test's; ends with Open
			d, err := directory.OpenPostgres(context.Background(), url, directory.Options{Create: true})
			if err != nil {
				ids <- err.Error()
				return
			}
			ids <- d.ID()
			d.Close()
		}()
	}
	got := map[string]bool{}
	for range 8 {
		got[<-ids] = true
	}
	if len(got) != 1 {
		t.Errorf("eight starts at once: %v", got)
	}
}

// TestNoSecretIsInTheFiles looks for the bytes of everything secret in all files.
func TestNoSecretIsInTheFiles(t *testing.T) {
	t.Parallel()
	dir, ctx := t.TempDir(), t.Context()
	d, err := directory.OpenSQLite(ctx, dir, directory.Options{Create: true})
	must(t, err)
	defer d.Close()
	var secrets []string
	keep := func(secret string, err error) {
		must(t, err)
		secrets = append(secrets, secret)
	}
	keep(d.SetUp(ctx, by))
	must(t, d.CreateAccount(ctx, by, directory.NewAccount{ID: "ann"}))
	for range 50 {
		keep(d.AddSignIn(ctx, by, "ann"))
		keep(d.AddReset(ctx, by, "ann"))
		_, link, err := d.AddInvite(ctx, by, false, 1, directory.InviteLife)
		keep(link, err)
		_, apiKey, err := d.AddKey(ctx, by, "ci", directory.Grants{}, time.Time{})
		keep(apiKey, err)
	}
	for _, name := range []string{"server.db", "server.db-wal"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		for _, secret := range secrets {
			if bytes.Contains(content, []byte(secret)) {
				t.Fatalf("%s has the secret %q", name, secret)
			}
		}
	}
}
