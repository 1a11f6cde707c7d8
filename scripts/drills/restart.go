package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

var restart = drill{
	name:  "restart",
	about: "kill -9 with 1,000,000 messages in 1,000 conversations and a full journal: it serves again within 2 s",
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
		journal, segments, err := f.fillJournal(conversations, r.long(100, 12000)) // small ones take longest to replay
		if err != nil {
			return err
		}
		left, err := os.ReadDir(filepath.Join(s.files(), "journal"))
		if err != nil {
			return err
		}
		if len(left) < int(segments) {
			return fmt.Errorf("of the journal's %.0f segments %d are left: a checkpoint was not held back",
				segments, len(left))
		}
		began := time.Now()
		if err := s.start(); err != nil {
			return err
		}
		took := time.Since(began)
		r.count("%d messages in %d conversations, %.0f MB in the journal's %.0f segments",
			f.acked(), conversations, journal/1e6, segments)
		r.judge(took < 2*time.Second, "serves after %.2f s (bound: 2 s)", took.Seconds())
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

// fillJournal makes the journal as full as the server lets it get, for what is in it is what a start has to replay,
// and kills the server then. A checkpoint would empty it: the sync of the transcripts' folder, which each of them
// needs, hangs from now on, and messages come until they are refused. It gives how full the journal was, in bytes and
// in segments.
func (f *fill) fillJournal(conversations, size int) (bytes, segments float64, err error) {
	how := fmt.Sprintf("delay_enter=%ds", int(hangs.Seconds()))
	heal, err := f.s.spoilSyncs(how, filepath.Join(f.s.data, "transcripts"))
	if err != nil {
		return 0, 0, err
	}
	full := make(chan error, 1)
	var filling sync.WaitGroup
	filling.Go(func() { // ends when a send is refused, or the server is killed
		full <- f.put(conversations, 1<<20, size)
	})
	defer func() {
		f.s.signal(syscall.SIGKILL)
		heal() // strace lets a process whose system call it holds die only then
		f.s.kill()
		filling.Wait()
	}()
	for began := time.Now(); err == nil; {
		select {
		case why := <-full:
			if !errors.Is(why, errSendRefused) {
				return 0, 0, fmt.Errorf("the journal did not become full: %w", why)
			}
			return bytes, segments, nil
		case <-time.After(50 * time.Millisecond):
			if bytes, err = f.s.metric("verbatim_journal_bytes"); err == nil {
				segments, err = f.s.metric("verbatim_journal_segments")
			}
			f.r.say("filling the journal: %.0f MB in %.0f segments", bytes/1e6, segments)
			if f.r.short && segments >= shortSegments {
				return bytes, segments, err
			}
			if err == nil && time.Since(began) > hangs {
				err = fmt.Errorf("the journal holds %.0f MB after %v and sends are not refused yet", bytes/1e6, hangs)
			}
		}
	}
	return bytes, segments, err
}

// hangs is how long checkpoints are held back, and so the time in which the journal must become full.
const hangs = 3 * time.Minute

// shortSegments is how many the short form fills: more than with which a checkpoint would begin.
const shortSegments = 5

// acked is how many messages were.
func (f *fill) acked() (n int) {
	for _, ack := range f.last {
		n += int(ack.Seq)
	}
	return n
}

// stands looks whether what was acked last in a conversation is there.
func (s *server) stands(conversation string, ack frame) error {
	resp, err := s.get("/api/conversations/" + conversation + fmt.Sprintf("/messages?after=%d&limit=1", ack.Seq-1))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var page struct{ Messages []frame }
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		return err
	}
	if len(page.Messages) != 1 || page.Messages[0].Seq != ack.Seq || page.Messages[0].Time != ack.Time {
		return fmt.Errorf("%s: seq %d was acked, and there stands %+v", conversation, ack.Seq, page.Messages)
	}
	return nil
}

// fill is a record being made big, as fast as the server takes it: too much for a history. What is kept is the last
// ack of each conversation, and that its seqs rose by one each.
type fill struct {
	r *run
	s *server

	mu   sync.Mutex
	last map[string]frame
}

var errSendRefused = errors.New("a send was refused")

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
	url := fmt.Sprintf("ws://%s/ws?name=filler-%d", f.s.addr, number)
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: httpClient})
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
				send := `{"type":"send","conversation":"` + c + `","text":"` + text + `"}`
				if conn.Write(ctx, websocket.MessageText, []byte(send)) != nil {
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
			return fmt.Errorf("%w: %s", errSendRefused, raw)
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
