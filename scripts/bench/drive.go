package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"verbatim/scripts/bench/figures"
)

// work is what a trial does in each round. data is an empty folder, removed afterwards.
type work func(ctx context.Context, b *bench, data string) (*figures.Figures, error)

// generated returns the work of a fresh server that the generator drives with these flags.
func generated(server, flags string) work {
	return func(ctx context.Context, b *bench, data string) (*figures.Figures, error) {
		return b.drive(ctx, server, data, strings.Fields(flags), (*process).kill)
	}
}

// filled returns the same on a server that was started again after fill put something on its record.
func filled(fill, flags string) work {
	return func(ctx context.Context, b *bench, data string) (*figures.Figures, error) {
		if err := b.fill(ctx, data, fill); err != nil {
			return nil, err
		}
		return generated(verbatim, flags)(ctx, b, data)
	}
}

// fill puts something on the record of a folder: the generator's flags say what. The server is stopped then.
func (b *bench) fill(ctx context.Context, data, flags string) error {
	if _, err := b.drive(ctx, verbatim, data, strings.Fields(flags), (*process).stop); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	return nil
}

// drive runs one server and one generator, and ends the server: by stop if its data is still wanted, else by kill,
// because a server takes seconds to put 10,000 conversations in order.
func (b *bench) drive(
	ctx context.Context, name, data string, flags []string, end func(*process) error,
) (f *figures.Figures, err error) {
	s, err := b.start(ctx, name, data, anyPort)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.end(end)) }()
	return b.generate(ctx, s, flags)
}

// once does a work on an empty folder.
func (b *bench) once(ctx context.Context, do work) (*figures.Figures, error) {
	data, err := b.newFolder()
	if err != nil {
		return nil, err
	}
	defer empty(data)
	return do(ctx, b, data)
}

// put puts so many messages into each of a server's conversations.
func (b *bench) put(ctx context.Context, s *server, conversations, each int) error {
	flags := fmt.Sprintf("-work acks -window 1024 -rooms %d -count %d", conversations, each*conversations)
	_, err := b.generate(ctx, s, strings.Fields(flags))
	return err
}

// runLimit bounds one run of the generator; its own waits are shorter.
const runLimit = 6 * time.Minute

// generate runs the generator on a server.
func (b *bench) generate(ctx context.Context, s *server, flags []string) (*figures.Figures, error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	args := append([]string{"-addr", s.addr, "-pid", strconv.Itoa(s.pid())}, flags...)
	generate := exec.CommandContext(ctx, b.program("generate"), args...)
	var stdout, stderr bytes.Buffer
	generate.Stdout, generate.Stderr = &stdout, &stderr
	if err := generate.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s%s", err, tail(stderr.Bytes()), s.said())
	}

	f := &figures.Figures{}
	if err := json.Unmarshal(stdout.Bytes(), f); err != nil {
		return nil, fmt.Errorf("the generator's figures: %w", err)
	}
	return f, nil
}
