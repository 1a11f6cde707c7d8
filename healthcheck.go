package main

import (
	"context"
	"fmt"

	"verbatim/server"
)

type healthcheckCommand struct{ server.HealthcheckOptions }

// Help is what kong shows above the flags.
func (healthcheckCommand) Help() string {
	return `For the health check of a container. The flags have the variables of the server, so that its container
needs none of them.
Exit 0 and one line on stdout if /readyz answers that the server is ready; else exit 1 and one line on stderr.`
}

// Run asks once, and fails if the server is not ready.
func (c *healthcheckCommand) Run(out *server.Streams) error {
	asked, err := server.Healthcheck(context.Background(), c.HealthcheckOptions)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out.Stdout, "ready:", asked)
	return err
}
