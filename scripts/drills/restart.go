package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

var restart = drill{
	name: "restart", about: "kill -9 with 1,000,000 messages in 1,000 conversations and a full journal: it serves again within 2 s",
	run: func(r *run) error {
		conversations, each := r.long(1000, 100), r.long(1000, 50)
		s, err := r.serve()
		if err != nil {
			return err
		}
		f := &fill{r: r, s: s, last: map[string]frame{}}
		r.say("filling %d conversations with %d messages each", conversations, each)
		if err := f.put(conversations, each, 100); err != nil {
			return err
		}
		// What is acked last is in no transcript yet, or in none that was synced: as much of it as the journal takes.
		full := float64(r.long(200<<20, 8<<20))
		journal := 0.0
		for round := 0; round < 60 && journal < full; round++ {
			r.say("filling the journal: %.0f MB", journal/1e6)
			if err := f.put(min(conversations, 100), 50, 12000); err != nil {
				return err
			}
			if journal, err = s.metric("verbatim_journal_bytes"); err != nil {
				return err
			}
		}
		s.kill()
		began := time.Now()
		if err := s.start(); err != nil {
			return err
		}
		took := time.Since(began)
		r.count("%d messages in %d conversations, %.0f MB in the journal", f.messages, conversations, journal/1e6)
		r.judge(took < 2*time.Second, "serves after %.2f s (bound: 2 s)", took.Seconds())
		if journal < full {
			r.miss("the journal could not be filled beyond %.0f MB", journal/1e6)
		}
		r.say("looking whether all is there")
		var receipts []string
		for c, ack := range f.last {
			receipts = append(receipts, fmt.Sprintf("%s:%d:%s", c, ack.Seq, ack.Sum))
			if err := s.stands(c, ack); err != nil {
				r.miss("promise 1: %v", err)
			}
		}
		if err := s.verify(receipts); err != nil {
			r.miss("promise 1: %v", err)
		}
		return s.terminate()
	},
}

// stands looks whether a conversation ends with what was acked last.
func (s *server) stands(conversation string, ack frame) error {
	resp, err := s.get("/api/conversations/" + conversation + "/messages?limit=1")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var page struct{ Messages []frame }
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		return err
	}
	if len(page.Messages) != 1 || page.Messages[0].Seq != ack.Seq || page.Messages[0].Time != ack.Time {
		return fmt.Errorf("%s ends with %+v, and %d was acked", conversation, page.Messages, ack.Seq)
	}
	return nil
}

// fill is a record being made big, as fast as the server takes it: too much for a history. What is kept is the last ack of
// each conversation, and that its seqs rose by one each.
type fill struct {
	r        *run
	s        *server
	messages int

	mu   sync.Mutex
	last map[string]frame
}

// fillers is how many sockets fill at once, and fillWindow how many sends each has on its way.
const (
	fillers    = 16
	fillWindow = 512
)

// put sends to each conversation so many messages of so many bytes.
func (f *fill) put(conversations, each, size int) error {
	text := strings.Repeat("x", size)
	var all sync.WaitGroup
	failed := make(chan error, fillers)
	for i := range fillers {
		all.Go(func() {
			if err := f.one(i, conversations, each, text); err != nil {
				failed <- err
			}
		})
	}
	all.Wait()
	f.messages += conversations * each
	select {
	case err := <-failed:
		return err
	default:
		return f.r.ctx.Err()
	}
}

func (f *fill) one(number, conversations, each int, text string) error {
	ctx, cancel := context.WithTimeout(f.r.ctx, 10*time.Minute)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, fmt.Sprintf("ws://%s/ws?name=filler-%d", f.s.addr, number), &websocket.DialOptions{HTTPClient: httpClient})
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	var mine []string
	for c := number; c < conversations; c += fillers {
		mine = append(mine, fmt.Sprintf("fill-%d", c))
	}
	places := make(chan struct{}, fillWindow)
	go func() { // one's; ends when all is sent, or with ctx
		for range each {
			for _, c := range mine {
				select {
				case places <- struct{}{}:
				case <-ctx.Done():
					return
				}
				if conn.Write(ctx, websocket.MessageText, []byte(`{"type":"send","conversation":"`+c+`","text":"`+text+`"}`)) != nil {
					return // the reading says why
				}
			}
		}
	}()
	for acks := 0; acks < each*len(mine); {
		_, raw, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		var ack frame
		if err := json.Unmarshal(raw, &ack); err != nil {
			return err
		}
		switch ack.Type {
		case "error":
			return errors.New("a send was refused: " + string(raw))
		case "ack":
			acks++
			<-places
			f.mu.Lock()
			before := f.last[string(ack.Conversation)]
			f.last[string(ack.Conversation)] = ack
			f.mu.Unlock()
			if ack.Seq != before.Seq+1 {
				return fmt.Errorf("%s: an ack of seq %d after %d", ack.Conversation, ack.Seq, before.Seq)
			}
		}
	}
	return nil
}
