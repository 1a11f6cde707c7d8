package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"verbatim/scripts/bench/figures"
)

// storms is a server that is killed, and everybody comes back at once.
func storms(s *size) []*row {
	n := min(s.sockets, 10_000)
	st := &storm{killed: true, conversations: n / 10, missed: 100}
	return []*row{{
		title: grouped(n) + " sockets lose their server",
		about: "the server is killed with kill -9; while nobody listens there, 100 messages are put into each " +
			"conversation of 10 (by a second server on the same record, on another port, killed too); then it is " +
			"started again. The sockets are those of client/ with its defaults, in one process on the same cores. " +
			"A socket is back when it has got all that it missed; every entry is checked",
		runs: named(verbatim, st.run),
		targets: []target{
			atMost(5).alone(back, verbatim), show(halfBack, verbatim), atMost(0).alone(lost, verbatim),
		},
	}}
}

// restarts is a server that is stopped in an orderly way and started again at once: everybody is sent away and comes
// back.
func restarts(s *size) []*row {
	n := min(s.sockets, 10_000)
	st := &storm{conversations: n / 10, missed: 1}
	return []*row{{
		title: grouped(n) + " sockets go through a restart",
		about: "SIGTERM, and a start on the same port and data as soon as the server has ended; `--drain-timeout` " +
			"is 10 s. The sockets are those of client/ with its defaults, in conversations of 10, in one process " +
			"on the same cores; they come back when the close reason says, with the client's own jitter. Once it " +
			"listens, a message is put into each conversation, and every entry is checked. A second is any " +
			"second, wherever it begins",
		runs: named(verbatim, st.run),
		targets: []target{
			atMost(20).alone(peak, verbatim),
			atMost(10).alone(back, verbatim), show(halfBack, verbatim), atMost(0).alone(lost, verbatim),
		},
	}}
}

// storm is a crowd that loses its server and comes back to another one on the same port and record.
type storm struct {
	killed        bool // and not stopped; then what they miss is put while nobody listens there
	conversations int
	missed        int // messages in each
}

func (st *storm) run(ctx context.Context, b *bench, data string) (f *figures.Figures, err error) {
	addr, err := freePort()
	if err != nil {
		return nil, err
	}
	first, err := b.start(ctx, verbatim, data, addr)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, first.end((*process).kill)) }()
	if err := b.put(ctx, first, st.conversations, 1); err != nil {
		return nil, err
	}
	clients, err := launch(ctx, data, []string{b.program("storm"), "-addr", addr,
		"-conversations", fmt.Sprint(st.conversations), "-members", "10",
		"-have", "1", "-upto", fmt.Sprint(1 + st.missed)})
	if err != nil {
		return nil, err
	}
	defer func() { _ = clients.kill() }()
	joined := func() bool { return strings.HasPrefix(clients.said(), "joined\n") }
	if err := clients.wait("all have joined", joined); err != nil {
		return nil, err
	}

	if err := st.lose(ctx, b, data, first); err != nil {
		return nil, err
	}
	again, err := b.start(ctx, verbatim, data, addr)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, again.end((*process).kill)) }()
	if !st.killed {
		if err := b.put(ctx, again, st.conversations, st.missed); err != nil {
			return nil, err
		}
	}
	return foundBy(clients, again.listening)
}

// lose ends the server that the crowd is on.
func (st *storm) lose(ctx context.Context, b *bench, data string, first *server) error {
	if !st.killed {
		return first.end((*process).stop)
	}
	if err := first.end((*process).kill); err != nil {
		return err
	}
	elsewhere, err := b.start(ctx, verbatim, data, anyPort)
	if err != nil {
		return err
	}
	return errors.Join(b.put(ctx, elsewhere, st.conversations, st.missed), elsewhere.end((*process).kill))
}

// stormLimit bounds the way back; the clients' own limit is shorter.
const stormLimit = 2 * time.Minute

// foundBy waits for what the clients found.
func foundBy(clients *process, listening time.Time) (*figures.Figures, error) {
	select {
	case <-clients.ended:
	case <-time.After(stormLimit):
		return nil, fmt.Errorf("the clients said nothing within %v", stormLimit)
	}
	_, object, _ := strings.Cut(clients.said(), "\n")
	var found figures.Storm
	if err := json.Unmarshal([]byte(object), &found); err != nil {
		log, _ := os.ReadFile(clients.log)
		return nil, fmt.Errorf("the clients' figures: %w: %s", err, tail(log))
	}
	if found.Violations > 0 {
		say("%d violations, the first: %s", found.Violations, found.Example)
	}
	f := &figures.Figures{
		Connections: found.Sockets, Lost: found.Lost + found.Violations, Back: math.NaN(), Half: math.NaN(),
		Peak: 100 * float64(found.Peak) / float64(found.Sockets),
	}
	if found.Lost == 0 { // else it has never been over
		f.Back = time.Unix(0, found.Last).Sub(listening).Seconds()
		f.Half = time.Unix(0, found.Half).Sub(listening).Seconds()
	}
	return f, nil
}
