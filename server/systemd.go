package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// handedOver takes over the sockets that systemd listens on for this process (LISTEN_FDS, sd_listen_fds(3)).
func handedOver(auth string) (all []*listener, err error) {
	for _, file := range activation.Files(true) {
		l, err := takeOver(file, auth)
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

func takeOver(file *os.File, auth string) (*listener, error) {
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
		return nil, fmt.Errorf("systemd hands over %s: %w: use ListenStream= with an address or a path", file.Name(), err)
	}
	l := newListener(found)
	if tcp, ok := found.(*net.TCPListener); ok {
		raw, err := tcp.SyscallConn()
		if err = errors.Join(err, boundUnsent(raw)); err != nil {
			_ = l.Close() // nothing has come by it
			return nil, fmt.Errorf("systemd hands over %s: %w", l.Addr(), err)
		}
	}
	if l.open && auth != "open" {
		_ = l.Close()
		return nil, fmt.Errorf("systemd hands over %s, which is not loopback, so whoever reaches it could read and "+
			"write under any name: give --auth open if that is wanted, or use ListenStream=127.0.0.1:8080", l.Addr())
	}
	return l, nil
}

// manager is who started the server, where that wants to be told how it is: systemd with Type=notify or notify-reload.
// Without one (no NOTIFY_SOCKET) nothing is done.
type manager struct {
	told *outlet // in order, and nobody waits for it
}

func newManager(log zerolog.Logger) *manager { return &manager{newOutlet(notifySocket{log}, nil)} }

// notifySocket writes one message to the manager.
type notifySocket struct{ log zerolog.Logger }

func (n notifySocket) Write(state []byte) (int, error) {
	_, err := daemon.SdNotify(false, string(state))
	if err != nil {
		n.log.Warn().Err(err).Msg("the service manager could not be told how the server is (NOTIFY_SOCKET)")
	}
	return len(state), nil
}

func (m *manager) ready(where []string) {
	m.told.say(daemon.SdNotifyReady + "\nSTATUS=serving on " + strings.Join(where, ", "))
}

func (m *manager) stopping() { m.told.say(daemon.SdNotifyStopping + "\nSTATUS=draining") }

// reloading is followed by ready.
func (m *manager) reloading() {
	m.told.say(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

// watch tells a manager that watches (WatchdogSec=) that the server lives, as often as it wants to hear it, until ctx
// ends. alive returns when it does; where it does not, the manager ends the server and starts it again.
func (m *manager) watch(ctx context.Context, alive func()) {
	within, err := daemon.SdWatchdogEnabled(false)
	if err != nil || within == 0 {
		return // nobody watches this process
	}
	tick := time.NewTicker(max(within/2, time.Millisecond)) // half of it, as sd_watchdog_enabled(3) has it
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			alive()
			m.told.say(daemon.SdNotifyWatchdog)
		case <-ctx.Done():
			return
		}
	}
}
