package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// askLimit bounds a command through a server, which may wait for its disk.
const askLimit = time.Minute

// errNoServer says that no server serves the socket.
var errNoServer = errors.New("no server listens")

// ask has the running server do a command. It is errNoServer if there is none; what it is otherwise, the server may
// have done.
func ask(ctx context.Context, dataDir string, r Request) (a Answer, err error) {
	body, err := json.Marshal(r)
	if err != nil {
		return a, fmt.Errorf("the command: %w", err)
	}
	conn, err := dial(ctx, dataDir)
	if err != nil {
		return a, err
	}
	client := &http.Client{Timeout: askLimit, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return conn, nil },
	}}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://control/", bytes.NewReader(body))
	if err != nil {
		return a, fmt.Errorf("the command: %w", err)
	}
	post.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(post)
	if err != nil {
		return a, fmt.Errorf("the running server did not answer, and may have done it or not: %w", err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return a, fmt.Errorf("the running server's answer was cut off; it may have done it: %w", err)
	case answer.StatusCode != http.StatusOK:
		return a, errors.New(strings.TrimSpace(string(said)))
	}
	if err := json.Unmarshal(said, &a); err != nil {
		return a, fmt.Errorf("the running server's answer: %w: it is of another version than this program", err)
	}
	return a, nil
}

// listens reports whether a server serves the socket.
func listens(ctx context.Context, dataDir string) bool {
	conn, err := dial(ctx, dataDir)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// dial connects to the server of a data directory.
func dial(ctx context.Context, dataDir string) (net.Conn, error) {
	path, folder, err := short(filepath.Join(dataDir, socketName))
	if err != nil {
		return nil, err
	}
	if folder != nil {
		defer folder.Close()
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOTSOCK):
		return nil, errNoServer
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%s: you may not connect to the running server: be its user, or root",
			filepath.Join(dataDir, socketName))
	case err != nil:
		return nil, fmt.Errorf("the running server: %w", err)
	}
	return conn, nil
}

// maxPath is the greatest length of a Unix socket's path, in bytes (unix(7)).
const maxPath = 107

// short returns a path of a socket that is short enough, and the folder that must stay open while it is used, or nil.
func short(path string) (string, *os.File, error) {
	if len(path) <= maxPath {
		return path, nil, nil
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, Unusable{err}
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), filepath.Base(path)), folder, nil
}
