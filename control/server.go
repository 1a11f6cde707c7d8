package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"verbatim/directory"
)

// Server serves commands for a directory that is open.
type Server struct {
	directory *directory.Directory
	listener  *net.UnixListener
	http      *http.Server
	path      string
	folder    *os.File // of the socket, if its path is too long; nil
	log       zerolog.Logger
	once      sync.Once
}

// Limits of a request.
const (
	readTime   = 10 * time.Second
	socketMode = 0o600
)

// Listen makes the socket of a data directory whose directory is open: a socket that is there was left behind by a
// server that was killed, for that server has no lock any more. Something else than a socket is an error. Serve serves
// it.
func Listen(dataDir string, d *directory.Directory, log zerolog.Logger) (*Server, error) {
	s := &Server{directory: d, path: filepath.Join(dataDir, socketName), log: log}
	if err := s.listen(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", s.path, err), s.closeFolder())
	}
	s.http = &http.Server{
		Handler: http.HandlerFunc(s.serve), ReadTimeout: readTime, ConnContext: withPeer,
	}
	return s, nil
}

func (s *Server) listen() error {
	switch info, err := os.Lstat(s.path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("there is something here that is no socket: move it away")
	default:
		if err := os.Remove(s.path); err != nil {
			return err
		}
	}
	path, folder, err := short(s.path)
	if err != nil {
		return err
	}
	s.folder = folder
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		// bind makes the file with the socket's mode, less the umask: nobody else can connect, not even for a moment.
		err := raw.Control(func(fd uintptr) { failed = unix.Fchmod(int(fd), socketMode) })
		return errors.Join(err, failed)
	}}
	l, err := config.Listen(context.Background(), "unix", path)
	if err != nil {
		return err
	}
	s.listener = l.(*net.UnixListener)
	return os.Chmod(s.path, socketMode) // whatever the umask was
}

func (s *Server) closeFolder() error {
	if s.folder == nil {
		return nil
	}
	return s.folder.Close()
}

// Serve serves until Close, and returns when the last command is done.
func (s *Server) Serve() {
	err := s.http.Serve(s.listener)
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		s.log.Error().Err(err).Msg("commands are not served any more: restart the server")
	}
}

// Close ends Serve. It waits for commands in progress until ctx ends. The directory is still open. A second call does
// nothing.
func (s *Server) Close(ctx context.Context) (err error) {
	s.once.Do(func() {
		err = s.http.Shutdown(ctx)
		if cerr := s.listener.Close(); !errors.Is(cerr, net.ErrClosed) { // else Serve had it
			err = errors.Join(err, cerr)
		}
		err = errors.Join(err, s.closeFolder())
	})
	return err
}

// serve does one command.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	var request Request
	if r.Method != http.MethodPost {
		http.Error(w, "give a command with POST", http.StatusMethodNotAllowed)
		return
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&request); err != nil {
		http.Error(w, "the command is no JSON of this version: "+err.Error(), http.StatusBadRequest)
		return
	}
	from, _ := r.Context().Value(peerKey{}).(string)
	answer, err := Do(r.Context(), s.directory, directory.By{Actor: "command line", From: from}, request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		s.log.Warn().Err(err).Str("command", string(request.Do)).Msg("a command was done, and its answer not taken")
	}
}

type peerKey struct{}

// withPeer keeps who is at the other end, for the audit trail.
func withPeer(ctx context.Context, conn net.Conn) context.Context {
	from := "a user who is not known"
	if raw, err := conn.(*net.UnixConn).SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { // else it stays unknown
			if peer, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
				from = fmt.Sprintf("uid %d", peer.Uid)
			}
		})
	}
	return context.WithValue(ctx, peerKey{}, from)
}
