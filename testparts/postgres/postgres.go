// Package postgres starts a real PostgreSQL for tests: Debian's, on a free loopback port, with its data in a temporary
// folder. It refuses to run as root, so that it runs as another user where the tests are root's.
//
// Concurrency: all methods may be called concurrently, but for Stop, which is called once.
package postgres

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver

	"verbatim/testparts/ports"
)

// programs is where Debian's package postgresql-15 has its programs.
const programs = "/usr/lib/postgresql/15/bin"

// startLimit bounds a start.
const startLimit = time.Minute

// settings are what differs from PostgreSQL's own. Durability is left as it is; the tests of it need it.
const settings = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
shared_buffers = '16MB'
`

// Server is a running PostgreSQL.
type Server struct {
	port  int
	dir   string
	cmd   *exec.Cmd
	log   *os.File
	ended chan struct{} // closed once Wait has returned
	made  atomic.Int64  // databases
}

// Start starts a PostgreSQL. The caller stops it; it also ends with the caller's process.
func Start() (_ *Server, err error) {
	port, err := ports.Free()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "verbatim-postgres-")
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	s := &Server{port: port, dir: dir, ended: make(chan struct{})}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.answers(); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *Server) start() error {
	as, err := another(s.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	initdb := exec.Command(filepath.Join(programs, "initdb"),
		"-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: as}
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("postgres: initdb: %w: %s (scripts/setup.sh installs postgresql-15)", err,
			bytes.TrimSpace(out))
	}
	config, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	_, err = fmt.Fprintf(config, "%sport = %d\n", settings, s.port)
	if err = errors.Join(err, config.Close()); err != nil {
		return fmt.Errorf("postgres: settings: %w", err)
	}

	if s.log, err = os.Create(filepath.Join(s.dir, "log")); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	s.cmd = exec.Command(filepath.Join(programs, "postgres"), "-D", data)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.dir, s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	go func() { // the server's; waits for its process, and ends with it
		defer close(s.ended)
		_ = s.cmd.Wait() // Stop kills it: its exit code says nothing
	}()
	return nil
}

// another returns the user that PostgreSQL runs as, who gets the folder: nil where we are not root.
func another(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("postgres: %w (scripts/setup.sh installs postgresql-15)", err)
	}
	uid, uerr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gerr := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(uerr, gerr, os.Chown(dir, int(uid), int(gid))); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// answers waits until the server takes connections.
func (s *Server) answers() error {
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	for db.PingContext(ctx) != nil {
		select {
		case <-s.ended:
			said, _ := os.ReadFile(s.log.Name()) // what there is of it
			return fmt.Errorf("postgres: it ended before it answered: %s", bytes.TrimSpace(said))
		case <-ctx.Done():
			return fmt.Errorf("postgres: it did not answer within %v", startLimit)
		case <-time.After(5 * time.Millisecond): // between two tries
		}
	}
	return nil
}

func (s *Server) url(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// Database makes an empty database, and returns its address.
func (s *Server) Database() (url string, err error) {
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return "", fmt.Errorf("postgres: %w", err)
	}
	defer db.Close()
	name := fmt.Sprintf("test%d", s.made.Add(1))
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		return "", fmt.Errorf("postgres: make a database: %w", err)
	}
	return s.url(name), nil
}

// Stop ends the server at once, as `pg_ctl -m immediate` does, and removes its data.
func (s *Server) Stop() {
	_ = s.cmd.Process.Signal(syscall.SIGQUIT) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(startLimit): // it hangs
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.ended
	}
	s.log.Close()
	_ = os.RemoveAll(s.dir)
}
