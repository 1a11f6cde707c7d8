package server

import (
	"context"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"

	"verbatim/server/logging"
)

// serviceManager tells the server's state to the service manager that started it: systemd with Type=notify or
// notify-reload. Without one (no NOTIFY_SOCKET) it does nothing.
type serviceManager struct {
	messages *logging.AsyncWriter // sends them in order, and makes nobody wait
}

func newServiceManager(log zerolog.Logger) *serviceManager {
	return &serviceManager{logging.NewAsyncWriter(notifySocket{log}, nil)}
}

// notifySocket sends one message to the service manager with each Write.
type notifySocket struct{ log zerolog.Logger }

// Write implements io.Writer.
func (n notifySocket) Write(state []byte) (int, error) {
	_, err := daemon.SdNotify(false, string(state))
	if err != nil {
		n.log.Warn().Err(err).Msg("the service manager could not be told the state of the server (NOTIFY_SOCKET)")
	}
	return len(state), nil
}

func (m *serviceManager) ready(where []string) {
	m.messages.Say(daemon.SdNotifyReady + "\nSTATUS=serving on " + strings.Join(where, ", "))
}

func (m *serviceManager) stopping() { m.messages.Say(daemon.SdNotifyStopping + "\nSTATUS=draining") }

// reloading must be followed by ready.
func (m *serviceManager) reloading() {
	m.messages.Say(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

// watch sends the watchdog's messages (WatchdogSec=) until ctx ends, each after alive has returned. If alive hangs, the
// service manager ends the server and starts it again.
func (m *serviceManager) watch(ctx context.Context, alive func()) {
	within, err := daemon.SdWatchdogEnabled(false)
	if err != nil || within == 0 {
		return // there is no watchdog
	}
	tick := time.NewTicker(max(within/2, time.Millisecond)) // half of it, as sd_watchdog_enabled(3) recommends
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			alive()
			m.messages.Say(daemon.SdNotifyWatchdog)
		case <-ctx.Done():
			return
		}
	}
}
