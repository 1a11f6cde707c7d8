package server

import (
	"errors"
	"net/http"
	"sync"

	"github.com/rs/zerolog"

	"verbatim/server/gate"
	"verbatim/server/listen"
	"verbatim/server/logging"
)

// adminConnections bounds the connections of --admin-listen: a few programs that measure.
const adminConnections = 64

// admin serves --admin-listen, where /metrics and pprof are. Access is not checked there: everybody who reaches it may
// read. A nil *admin serves nothing.
type admin struct {
	listeners []*listen.Listener
	http      *http.Server
	log       zerolog.Logger
}

// openAdmin opens the address, or returns nil if there is none. routes makes the handler for its listeners; o has what
// the gate in front of it tells of refusals.
func openAdmin(
	address string, routes func([]*listen.Listener) http.Handler, o gate.Options, log zerolog.Logger,
) (*admin, error) {
	if address == "" {
		return nil, nil
	}
	e, err := listen.Parse("--admin-listen", address)
	if err != nil {
		return nil, err
	}
	all, err := e.Listen()
	if err != nil {
		return nil, err
	}

	o.Connections, o.Handshakes, o.HandshakesEach = adminConnections, adminConnections/2, adminConnections/4
	entrance := gate.New(o)
	handler := entrance.Handler(routes(all))
	for _, l := range all {
		l.Listener = entrance.Guard(l.Listener)
	}
	return &admin{listeners: all, log: log, http: &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       requestTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		ConnState:         entrance.ConnState,
		ConnContext:       entrance.ConnContext,
		ErrorLog:          logging.Standard(log),

		DisableGeneralOptionsHandler: true, // as on the main address
	}}, nil
}

// serve serves until close; wait returns once it has ended.
func (a *admin) serve() (wait func()) {
	var group sync.WaitGroup
	if a == nil {
		return group.Wait
	}
	for _, l := range a.listeners {
		group.Go(func() { // owned by Run, which waits for it; accepts; ends with close
			if err := a.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				a.log.Error().Err(err).Msg("admin: it ended: /metrics cannot be read until the server is restarted")
			}
		})
	}
	return group.Wait
}

// close ends it at once: a program that measures can ask again. It may be called more than once.
func (a *admin) close() {
	if a == nil {
		return
	}
	_ = a.http.Close() // what cannot be closed ends with the process
	listen.CloseAll(a.listeners)
}

// announce logs where it is, and for whom.
func (a *admin) announce() {
	if a == nil {
		return
	}
	for _, l := range a.listeners {
		event, words := a.log.Info(), "admin: /metrics and /debug/pprof/ are here, for this machine only"
		if l.Open {
			event, words = a.log.Warn(), "admin: /metrics and /debug/pprof/ are here, open to everybody who "+
				"reaches this address"
		}
		event.Str("address", l.Address()).Msg(words)
	}
}
