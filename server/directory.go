package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"verbatim/control"
	"verbatim/directory"
	"verbatim/permissions"
	"verbatim/protocol"
	"verbatim/server/auth"
	"verbatim/wake"
)

// people is the directory of a server that asks for credentials: who is blocked, what was revoked, which API keys there
// are. Commands reach it through its socket.
type people struct {
	// Fixed after openPeople.
	directory *directory.Directory
	state     *directory.State
	control   *control.Server
	standing  *auth.Standing
	changed   wake.Signal // the state is another one
	stop      func()      // ends what runPeople has started; nil before that

	mu   sync.Mutex
	used map[string]struct{} // ids of API keys that the directory is still to be told were used. Guarded by mu
}

// keepUsed is how often the directory is told which API keys were used.
const keepUsed = time.Minute

// openPeople opens the directory where credentials are asked for, and lets it have a say in who comes in.
func (s *Server) openPeople(ctx context.Context) error {
	if !s.cfg.withTokens() {
		return nil
	}
	d, err := directory.OpenSQLite(ctx, s.cfg.DataDir, directory.Options{Log: s.log, Create: true})
	if err != nil {
		return err
	}
	p := &people{directory: d, changed: wake.New(), used: map[string]struct{}{}}
	s.people = p
	if p.state, err = d.Load(ctx); err != nil {
		return err
	}
	s.permissions.Know(p)
	p.state.Watch(func(changes []directory.Change) {
		p.changed.Wake()
		if slices.ContainsFunc(changes, func(c directory.Change) bool { return c.Kind == directory.KindConversation }) {
			s.permissions.Announce()
		}
	})
	p.standing = &auth.Standing{Tokens: s.verifier, State: p.state, Used: p.use}
	s.verifier = p.standing
	if p.control, err = control.Listen(s.cfg.DataDir, d, s.log); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	return nil
}

// Standing implements permissions.Members. Who made a private conversation moderates it while being a member.
func (p *people) Standing(
	id protocol.ConversationID, user protocol.UserID,
) (standing permissions.Standing, private bool) {
	room := p.state.Private(id)
	switch {
	case room == nil:
		return permissions.Outsider, false
	case !room.Has(user):
		return permissions.Outsider, true
	case room.Kind == directory.Private && room.Creator == string(user):
		return permissions.Moderator, true
	}
	return permissions.Member, true
}

// Any implements permissions.Members.
func (p *people) Any(user protocol.UserID) bool { return p.state.MemberOfAny(user) }

// use notes that an API key was used.
func (p *people) use(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used[id] = struct{}{}
}

// runPeople starts what the directory needs while the server runs. people.close ends it.
func (s *Server) runPeople() {
	p := s.people
	if p == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.directory.Follow(ctx) }) // owned by Run; waits for other processes' changes; ends with stop
	running.Go(func() { s.recheck(ctx) })          // owned by Run; waits for changes; ends with stop
	running.Go(func() { s.keepUsed(ctx) })         // owned by Run; waits for time; ends with stop
	running.Go(p.control.Serve)                    // owned by Run; waits for commands; ends with control.Close
	p.stop = func() {
		cancel()
		running.Wait()
	}
}

// recheck ends the sessions whose credentials are refused, after each change.
func (s *Server) recheck(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.people.changed:
			s.env.Recheck()
		}
	}
}

// keepUsed tells the directory now and then which API keys were used, and at the end.
func (s *Server) keepUsed(ctx context.Context) {
	tick := time.NewTicker(keepUsed)
	defer tick.Stop()
	for over := false; !over; {
		select {
		case <-ctx.Done():
			over = true
		case <-tick.C:
		}
		if err := s.people.tellUsed(context.WithoutCancel(ctx)); err != nil {
			s.log.Warn().Err(err).Msg("when API keys were used is not kept")
		}
	}
}

func (p *people) tellUsed(ctx context.Context) error {
	p.mu.Lock()
	used := p.used
	p.used = map[string]struct{}{}
	p.mu.Unlock()
	for id := range used {
		if err := p.directory.UseKey(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// close closes what openPeople has opened, as far as it got.
func (p *people) close(ctx context.Context) error {
	if p == nil {
		return nil
	}
	var err error
	if p.control != nil {
		err = p.control.Close(ctx)
	}
	if p.stop != nil {
		p.stop()
	}
	return errors.Join(err, p.directory.Close())
}
