package listen

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/coreos/go-systemd/v22/activation"
	"golang.org/x/sys/unix"
)

// fromSystemd takes over the sockets that systemd listens on for this process (LISTEN_FDS, sd_listen_fds(3)).
func fromSystemd(auth string) (all []*Listener, err error) {
	for _, file := range activation.Files(true) {
		l, err := takeOver(file, auth)
		if err != nil {
			CloseAll(all)
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

func takeOver(file *os.File, auth string) (*Listener, error) {
	defer file.Close() // the listener has a descriptor of its own
	fd := int(file.Fd())
	listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	kind, kindErr := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kindErr != nil || listens == 0 || kind != unix.SOCK_STREAM {
		return nil, fmt.Errorf("systemd hands over %s, on which no connections can be accepted: "+
			"use ListenStream= and Accept=no in the socket unit", file.Name())
	}
	found, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("systemd hands over %s: %w: use ListenStream= with an address or a path",
			file.Name(), err)
	}
	l := newListener(found)
	if tcp, ok := found.(*net.TCPListener); ok {
		raw, err := tcp.SyscallConn()
		if err = errors.Join(err, boundUnsent(raw)); err != nil {
			_ = l.Close() // no connection was accepted
			return nil, fmt.Errorf("systemd hands over %s: %w", l.Addr(), err)
		}
	}
	if l.Open && auth == "" {
		_ = l.Close()
		return nil, fmt.Errorf("systemd hands over %s, which is not loopback, so everybody who reaches it could "+
			"read and "+
			"write under any name: give --auth token, or --auth open if that is wanted, or use "+
			"ListenStream=127.0.0.1:8080", l.Addr())
	}
	return l, nil
}
