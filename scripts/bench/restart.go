package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"verbatim/scripts/bench/figures"
)

// restarts is a server that is stopped in an orderly way and started again at once: everybody is sent away and comes back.
func restarts(s *size) []*row {
	n := min(s.sockets, 10_000)
	r := &restart{conversations: n / 10}
	return []*row{{
		title: grouped(n) + " sockets go through a restart",
		about: "SIGTERM, and a start on the same port and data as soon as the server has ended; `--drain` is 10 s. The sockets are those of client/ with its " +
			"defaults, in conversations of 10, in one process on the same cores; they come back when the close reason says, with the client's own jitter. Once it " +
			"listens, a message is put into each conversation, and every entry is checked. A second is any second, wherever it begins",
		runs: named(verbatim, r.run),
		bars: []bar{atMost(20).alone(peak, verbatim), atMost(10).alone(back, verbatim), show(halfBack, verbatim), atMost(0).alone(lost, verbatim)},
	}}
}

type restart struct{ conversations int }

func (r *restart) run(ctx context.Context, b *bench, data string) (f *figures.Figures, err error) {
	addr, err := freePort()
	if err != nil {
		return nil, err
	}
	first, err := b.start(ctx, verbatim, data, addr)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, first.end((*process).kill)) }()
	if err := b.put(ctx, first, r.conversations, 1); err != nil {
		return nil, err
	}
	clients, err := launch(ctx, data, []string{filepath.Join(b.folder, "storm"), "-addr", addr, "-conversations", fmt.Sprint(r.conversations),
		"-members", "10", "-have", "1", "-upto", "2"})
	if err != nil {
		return nil, err
	}
	defer func() { _ = clients.kill() }()
	if err := clients.wait("all have joined", func() bool { return strings.HasPrefix(clients.said(), "joined\n") }); err != nil {
		return nil, err
	}
	if err := first.end((*process).stop); err != nil {
		return nil, err
	}
	again, err := b.start(ctx, verbatim, data, addr)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, again.end((*process).kill)) }()
	if err := b.put(ctx, again, r.conversations, 1); err != nil {
		return nil, err
	}
	return clients.storm(again.listening)
}

// put puts so many messages into each of the conversations.
func (b *bench) put(ctx context.Context, s *server, conversations, each int) error {
	_, err := b.generate(ctx, s, strings.Fields(fmt.Sprintf("-work acks -window 1024 -rooms %d -count %d", conversations, each*conversations)))
	return err
}
