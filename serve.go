package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"verbatim/server"
	"verbatim/server/logging"
)

type serveCommand struct{ server.Config }

// Run serves until SIGTERM or SIGINT, and then drains. A second signal ends the process at once. SIGHUP reloads what
// can change while the server runs. Its handler is never removed: until the process is gone, SIGHUP must not end it.
func (c *serveCommand) Run(out *server.Streams) error {
	reload := make(chan os.Signal, 1) // further signals while one waits ask for the same
	signal.Notify(reload, syscall.SIGHUP)
	if err := c.Check(); err != nil {
		return refused{err}
	}
	log := logging.New(c.Logging(), out.Stderr)
	defer log.Close()

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2) // the first drains, the second ends the process
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() { // owned by the process; waits for signals; ends with ctx, or with the process after a first signal
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
			return
		}
		<-signals
		os.Exit(exitFailed)
	}()

	s, err := server.New(ctx, &c.Config, build(), out.Stdout, log)
	switch {
	case err == nil:
		return s.Run(ctx, reload)
	case errors.Is(err, ctx.Err()):
		log.Info().Msg("stopped by a signal before the server was ready; the record is unchanged")
		return nil
	case ctx.Err() != nil: // stopped by a signal, and the start did not end in order
		return err
	}
	return refused{err}
}
