package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

// storm is traffic that a fault may hit at any moment: authors that send with ids and send again what was not acked,
// readers that resume with after and log, and a ledger of what was promised to them. Everything that breaks a promise
// is written down where it happens and fails the test at the end.
//
// Its goroutines end with stop. The ledger is guarded by mu; a test reads it with the storm stopped, or by a method.
type storm struct {
	t             testing.TB
	s             *server
	conversations []string
	calm          bool // no error and no lost connection is allowed
	ctx           context.Context
	cancel        context.CancelFunc
	authors       sync.WaitGroup
	readers       sync.WaitGroup
	stopAuthors   chan struct{}

	mu      sync.Mutex
	acked   map[string]map[string]frame // by conversation and author/id
	seen    map[string]map[int]string   // by conversation and seq: the bytes
	logs    map[string]string
	count   int           // acks
	slowest time.Duration // from send to ack, of those that were acked at the first try
	broken  []string
}

const (
	stormAuthors = 6
	stormReaders = 4
	stormWindow  = 8 // sends in flight of one author
)

func startStorm(t testing.TB, s *server, calm bool) *storm {
	st := &storm{
		t: t, s: s, calm: calm, conversations: []string{"lobby", "team", "ops", "quiet.one"}, stopAuthors: make(chan struct{}),
		acked: map[string]map[string]frame{}, seen: map[string]map[int]string{}, logs: map[string]string{},
	}
	for _, c := range st.conversations {
		st.acked[c], st.seen[c] = map[string]frame{}, map[int]string{}
	}
	st.ctx, st.cancel = context.WithCancel(context.Background())
	for i := range stormAuthors {
		st.authors.Go(func() { st.author(fmt.Sprintf("author-%d", i)) })
	}
	for i := range stormReaders {
		st.readers.Go(func() { st.reader(fmt.Sprintf("reader-%d", i)) })
	}
	t.Cleanup(func() { st.cancel(); st.authors.Wait(); st.readers.Wait() })
	return st
}

func (st *storm) breaks(format string, args ...any) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(st.broken) < 20 {
		st.broken = append(st.broken, fmt.Sprintf(format, args...))
	}
}

// connect dials until it succeeds; nil once the storm is over.
func (st *storm) connect(name string) *client {
	for st.ctx.Err() == nil {
		c, err := st.s.tryDial(st.t, "name="+name, nil)
		if err == nil {
			if _, ok := c.await(patience, ofType("welcome")); ok {
				return c
			}
		} else if st.calm {
			st.breaks("%s could not connect: %v", name, err)
		}
		time.Sleep(20 * time.Millisecond) // the server is down: between two tries
	}
	return nil
}

type pending struct{ conversation, id, prev, text string }

// author sends windows of numbered messages, each with the one before it in its conversation as prev, until told to stop;
// what a window lacks an ack for is sent again in the same order, over whatever connection there is.
func (st *storm) author(name string) {
	last := map[string]string{}
	var c *client
	for n := 0; ; n += stormWindow {
		select {
		case <-st.stopAuthors:
			return
		case <-st.ctx.Done():
			return
		default:
		}
		var window []pending
		for i := range stormWindow {
			conversation := st.conversations[rand.IntN(len(st.conversations))]
			p := pending{conversation, fmt.Sprintf("n%d", n+i), last[conversation], fmt.Sprintf("%s n%d %s", name, n+i, strings.Repeat("🦊", foxes()))}
			last[conversation] = p.id
			window = append(window, p)
		}
		for first := true; len(window) > 0 && st.ctx.Err() == nil; first = false {
			if c == nil {
				if c = st.connect(name); c == nil {
					return
				}
			}
			window, c = st.play(c, name, window, first)
		}
	}
}

// foxes is how long a text is: mostly short, now and then near the limit, so that batches, blocks and runs break anywhere.
func foxes() int {
	if rand.IntN(12) == 0 {
		return rand.IntN(4000)
	}
	return rand.IntN(60)
}

// play sends a window and takes its replies; it gives what is not acked, and the connection if it still stands.
func (st *storm) play(c *client, name string, window []pending, first bool) ([]pending, *client) {
	began := time.Now()
	for _, p := range window {
		prev := ""
		if p.prev != "" {
			prev = `,"prev":"` + p.prev + `"`
		}
		request := fmt.Sprintf(`{"type":"send","conversation":"%s","id":"%s","text":"%s"%s}`, p.conversation, p.id, p.text, prev)
		if c.write(1, request) != nil {
			break
		}
	}
	var left []pending
	refused := false
	for i, p := range window {
		f, ok := c.await(patience, func(f frame) bool { return (f.Type == "ack" || f.Type == "error") && f.ID == p.id })
		if !ok {
			left = append(left, window[i:]...)
			c.drop()
			if st.calm && st.ctx.Err() == nil {
				st.breaks("%s lost its connection or got no reply: %v", name, c.err)
			}
			return left, nil
		}
		if f.Type == "error" {
			// After one that is unavailable the next ones may be out_of_order: their prev is not there.
			if st.calm || (f.Code != "unavailable" && !(refused && f.Code == "out_of_order")) {
				st.breaks("%s: %s for its %s, prev %q", name, f, p.id, p.prev)
			}
			refused = true
			left = append(left, p)
			continue
		}
		st.ack(name, p, f)
	}
	if first && len(left) == 0 {
		st.mu.Lock()
		st.slowest = max(st.slowest, time.Since(began))
		st.mu.Unlock()
	}
	if len(left) > 0 {
		time.Sleep(50 * time.Millisecond) // it is unavailable: before the next try
	}
	return left, c
}

func (st *storm) ack(name string, p pending, f frame) {
	st.mu.Lock()
	defer st.mu.Unlock()
	f.Text = p.text
	st.acked[p.conversation][name+"/"+p.id] = f
	st.count++
}

// reader follows all conversations from its cursors, over as many connections as it takes.
func (st *storm) reader(name string) {
	cursor := map[string]int{}
	for c := st.connect(name); c != nil; c = st.connect(name) {
		for _, conversation := range st.conversations {
			c.write(1, fmt.Sprintf(`{"type":"join","conversation":"%s","after":%d%s}`, conversation, cursor[conversation], st.logField(conversation)))
		}
		for {
			f, ok := c.await(200*time.Millisecond, func(frame) bool { return true })
			if !ok {
				if st.ctx.Err() != nil {
					c.drop()
					return
				}
				select {
				case <-c.ended:
				default:
					continue
				}
				break
			}
			st.read(name, cursor, f)
		}
		if st.calm {
			st.breaks("%s lost its connection: %v", name, c.err)
		}
	}
}

func (st *storm) logField(conversation string) string {
	st.mu.Lock()
	defer st.mu.Unlock()
	if log := st.logs[conversation]; log != "" {
		return `,"log":"` + log + `"`
	}
	return ""
}

func (st *storm) read(name string, cursor map[string]int, f frame) {
	switch f.Type {
	case "error":
		st.breaks("%s: %s", name, f)
	case "joined":
		st.mu.Lock()
		if f.Log != "" {
			st.logs[f.Conversation] = f.Log
		}
		st.mu.Unlock()
	case "message":
		if f.Seq != cursor[f.Conversation]+1 {
			st.breaks("%s in %s: seq %d after %d: a gap, a repeat or another order", name, f.Conversation, f.Seq, cursor[f.Conversation])
		}
		cursor[f.Conversation] = f.Seq
		st.mu.Lock()
		before, there := st.seen[f.Conversation][f.Seq]
		st.seen[f.Conversation][f.Seq] = f.Raw
		st.mu.Unlock()
		if there && before != f.Raw {
			st.breaks("%s in %s: what was %s is now %s", name, f.Conversation, before, f.Raw)
		}
	}
}
