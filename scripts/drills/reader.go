package main

import (
	"context"
	"fmt"
	"time"

	"verbatim/promises"
	"verbatim/protocol"
)

// cursor is where a reader is in one conversation.
type cursor struct {
	seq protocol.Seq
	log protocol.LogID
}

// cursors are a reader's, one for each of its conversations.
type cursors map[protocol.ConversationID]cursor

// reader follows conversations from its cursors, over as many connections as it takes.
func (t *traffic) reader(name string, conversations []protocol.ConversationID) {
	at := cursors{}
	for s := t.connected(name); s != nil; s = t.connected(name) {
		err := t.follow(t.ctx, s, conversations, at, func() bool { return false })
		s.end("")
		if err != nil && t.ctx.Err() == nil {
			pauseIn(t.ctx, time.Millisecond)
		}
	}
}

// follow joins conversations where the cursors are, and moves them on until the connection breaks or done says so.
func (t *traffic) follow(
	ctx context.Context, s *session, conversations []protocol.ConversationID, at cursors, done func() bool,
) error {
	for _, c := range conversations {
		if err := s.join(c, int64(at[c].seq), at[c].log); err != nil {
			return err
		}
	}
	for !done() {
		f, err := s.next(ctx)
		if err != nil {
			return err
		}
		now := at[f.Conversation]
		switch f.Type {
		case "joined":
			now.log = f.Log
		case "message":
			now.seq = f.Seq
		}
		at[f.Conversation] = now
	}
	return nil
}

// audit reads all conversations from their first entry to where they are, over a session of its own: the checker holds
// each entry to everything that was acked or seen. Traffic may go on meanwhile.
func (t *traffic) audit() error {
	ctx, cancel := context.WithTimeout(t.ctx, replyLimit+time.Minute)
	defer cancel()
	s, err := t.dial(ctx, "auditor")
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	defer s.end("the audit is done")
	due := map[protocol.ConversationID]protocol.Seq{}
	for _, c := range t.conversations {
		due[c] = t.checker.High(c)
	}
	at := cursors{}
	all := func() bool {
		for c, seq := range due {
			if at[c].seq < seq {
				return false
			}
		}
		return true
	}
	if err := t.follow(ctx, s, t.conversations, at, all); err != nil {
		if t.checker.Broken() {
			return errBroken
		}
		return fmt.Errorf("audit: the record could not be read to its end: %w", err)
	}
	return nil
}

// moreAcks waits until so many further sends were acked.
func (t *traffic) moreAcks(n int) error {
	want := t.acked.Load() + int64(n)
	came := func() bool { return t.acked.Load() >= want || t.r.broken() }
	err := t.r.until(fmt.Sprintf("%d more acks came", n), 2*time.Minute, came)
	if t.r.broken() {
		return errBroken
	}
	return err
}

// settle lets the authors stop and everybody come to rest, and has the checker hold them to having everything. Where
// something is broken already, it waits for nothing, and says nothing of those who were still on their way.
func (t *traffic) settle() error {
	t.hush.Do(func() { close(t.quiet) })
	t.authors.Wait()
	t.r.wait(2*time.Minute, func() bool { return t.checker.Due() == 0 || t.r.broken() })
	switch {
	case t.r.ctx.Err() != nil:
		return t.r.ctx.Err()
	case t.r.broken():
		return errBroken
	}
	t.checker.Add(promises.Event{Kind: promises.Rest})
	if t.r.broken() {
		return errBroken
	}
	return nil
}
