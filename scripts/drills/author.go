package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"verbatim/promises"
	"verbatim/protocol"
)

// pending is a message that has no ack yet.
type pending struct {
	conversation protocol.ConversationID
	id, prev     protocol.MessageID
	text         string
	tries        int
	sent         time.Time
}

// stamp stands in each text before when it was made, in nanoseconds since processStart.
const stamp = "at:"

var processStart = time.Now()

// author sends windows of messages until told to stop. Of every second author each message names the one before it in
// its conversation as prev. What a window lacks an ack for is sent again in the same order, over whatever connection
// there is.
func (t *traffic) author(name string, number int) {
	last := map[protocol.ConversationID]protocol.MessageID{}
	var s *session
	defer func() {
		if s != nil {
			s.end("the author is done")
		}
	}()
	tick := time.NewTicker(max(t.every, time.Millisecond))
	defer tick.Stop()
	for n := 0; ; n += t.window {
		if t.eased.Load() {
			tick.Reset(storm.every)
		}
		if t.every > 0 {
			select {
			case <-tick.C:
			case <-t.quiet:
			case <-t.ctx.Done():
			}
		}
		select {
		case <-t.quiet:
			return
		case <-t.ctx.Done():
			return
		default:
		}
		window := make([]*pending, t.window)
		for i := range window {
			c := t.conversations[rand.IntN(len(t.conversations))]
			p := &pending{conversation: c, id: protocol.MessageID(fmt.Sprintf("n%d", n+i))}
			p.text = fmt.Sprintf("%s n%d %s%d %s", name, n+i, stamp, time.Since(processStart), t.words())
			if number%2 == 1 {
				p.prev, last[c] = last[c], p.id
			}
			window[i] = p
		}
		for len(window) > 0 && t.ctx.Err() == nil {
			if s == nil {
				if s = t.connected(name); s == nil {
					return
				}
			}
			left, err := t.play(s, window)
			window = left
			if err != nil {
				s.end("")
				s = nil
			} else if len(left) > 0 {
				pauseIn(t.ctx, 20*time.Millisecond) // it is unavailable: before the next try
			}
		}
	}
}

// words is a text's filling: mostly short, now and then near the limit, so that batches, blocks and runs break
// anywhere.
func (t *traffic) words() string {
	switch {
	case t.size > 0 && !t.eased.Load():
		return strings.Repeat("x", t.size)
	case rand.IntN(12) == 0:
		return strings.Repeat("🦊", rand.IntN(4000))
	}
	return strings.Repeat("🦊", rand.IntN(60))
}

// connected dials until it succeeds; nil once the traffic is over.
func (t *traffic) connected(name string) *session {
	for t.ctx.Err() == nil {
		s, err := t.dial(t.ctx, name)
		if err == nil {
			return s
		}
		if t.undisturbed && t.ctx.Err() == nil {
			t.r.note("%s could not connect: %v", name, err)
		}
		pauseIn(t.ctx, 10*time.Millisecond) // the server is down: between two tries
	}
	return nil
}

// play sends a window and takes its replies; it gives what is not acked. An error is the connection's end.
func (t *traffic) play(s *session, window []*pending) (left []*pending, err error) {
	waiting, acked := map[protocol.MessageID]*pending{}, map[protocol.MessageID]bool{}
	var unsent error
	for _, p := range window {
		prev := ""
		if p.prev != "" {
			prev = `,"prev":"` + string(p.prev) + `"`
		}
		p.tries++
		p.sent = time.Now()
		request := fmt.Sprintf(`{"type":"send","conversation":"%s","id":"%s","text":"%s"%s}`,
			p.conversation, p.id, p.text, prev)
		told := promises.Event{
			Kind: promises.Send, Conversation: p.conversation, ID: p.id, Text: p.text, Prev: p.prev,
		}
		if unsent = s.say(told, request); unsent != nil {
			break // the replies to those before may have come
		}
		waiting[p.id] = p
	}
	refused := map[protocol.MessageID]bool{}
	ctx, cancel := context.WithTimeout(t.ctx, replyLimit)
	defer cancel()
	for len(waiting) > len(refused)+len(acked) && err == nil {
		var f frame
		f, err = s.next(ctx)
		p := waiting[f.ID]
		switch {
		case err != nil || p == nil:
		case f.Type == "ack":
			if p.tries == 1 {
				t.took(time.Since(p.sent))
			}
			t.acked.Add(1)
			acked[p.id] = true
		case f.Type == "error":
			refused[p.id] = true
		}
	}
	if errors.Is(err, context.DeadlineExceeded) && t.excuse(s) == "" {
		t.r.note("%s had no reply within %v", s.name, replyLimit)
	}
	for _, p := range window {
		if !acked[p.id] {
			left = append(left, p)
		}
	}
	if err == nil {
		err = unsent
	}
	return left, err
}

func pauseIn(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
