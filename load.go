package main

import (
	"context"
	"errors"
	"io"
	"os/signal"
	"syscall"

	"verbatim/client/load"
	"verbatim/server"
	"verbatim/server/logging"
)

type loadCommand struct {
	load.Options `envprefix:"VERBATIM_LOAD_"`
}

// Help is what kong shows above the flags.
func (loadCommand) Help() string { return load.Help }

// Run runs the load test and prints its report. SIGINT ends the publishing early; a second one ends the process.
func (c *loadCommand) Run(out *server.Streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // after the first signal, the next one has its usual effect

	var live io.Writer
	if logging.IsTerminal(out.Stderr) {
		live = out.Stderr
	}
	report, err := load.Run(ctx, c.Options, live)
	if errors.Is(err, load.ErrRefused) {
		return refused{err}
	}
	if err != nil {
		return err
	}
	return report.Write(out.Stdout, &c.Options)
}
