package load

import (
	"context"
	"fmt"
	"time"

	"verbatim/client"
)

// maxConnecting is how many sockets may be connecting at the same time.
const maxConnecting = 64

// connect has every member join, the first one alone: it finds out whether there is a server, and its limits. warning
// says what may limit the figures.
func (r *run) connect(ctx context.Context) (warning string, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.o.Ramp+r.o.Deadline)
	defer cancel()
	limits, err := r.connectFirst(ctx)
	if err != nil {
		return "", err
	}
	if limits.Text < r.o.Size {
		return "", fmt.Errorf("--size %d: this server takes texts of up to %d bytes: "+
			"use less, or start it with a greater --max-text", r.o.Size, limits.Text)
	}
	if limits.Rate > 0 && r.o.Publishers > 0 {
		warning = fmt.Sprintf("this server reads at most %d sends a second of each session, "+
			"so that the figures may be its limit's: start it with --send-rate 0", limits.Rate)
	}
	r.connectRest(ctx)
	for r.joined.Load() < int64(len(r.members)) && ctx.Err() == nil {
		pauseUntil(ctx, time.Now().Add(5*time.Millisecond))
	}
	if n := r.joined.Load(); n < int64(len(r.members)) {
		return "", fmt.Errorf("%d of %d sockets joined within %v%s: "+
			"is the server's --max-connections below it, or this machine's limit of open files?",
			n, len(r.members), r.o.Ramp+r.o.Deadline, r.lastCause())
	}
	return warning, nil
}

// connectFirst connects the first member and returns the server's limits.
func (r *run) connectFirst(ctx context.Context) (client.Limits, error) {
	joined, m := make(chan struct{}), r.members[0]
	m.begin(func() { close(joined) })
	select {
	case <-joined:
	case <-m.ended:
	case <-ctx.Done():
	}
	if r.joined.Load() == 0 {
		return client.Limits{}, fmt.Errorf("no session at %s%s: start a server with: verbatim serve --send-rate 0",
			r.o.URL, r.lastCause())
	}
	return m.client.Limits(), nil
}

// connectRest begins to connect the other members, evenly over the ramp. It returns early if ctx ends.
func (r *run) connectRest(ctx context.Context) {
	connecting := make(chan struct{}, maxConnecting)
	for i, m := range r.members[1:] {
		if r.o.Ramp > 0 {
			due := time.Duration(float64(r.o.Ramp) * float64(i+1) / float64(len(r.members)))
			pauseUntil(ctx, r.start.Add(due))
		}
		select {
		case connecting <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return
		}
		m.begin(func() { <-connecting })
		r.show("connecting: %d of %d sockets", r.joined.Load(), len(r.members))
	}
}
