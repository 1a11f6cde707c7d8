package persistence_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence"
	"verbatim/persistence/disk"
	"verbatim/persistence/history"
	"verbatim/protocol"
)

// sluggish is a record with one conversation that must read for long: it asks for a retry when it shares a Commit, and alone it
// takes until it is let go.
type sluggish struct {
	persistence.Record
	until           atomic.Pointer[chan struct{}]
	retried, shared atomic.Int64

	mu                   sync.Mutex
	mostShared, mostLone int // bytes of sends in one Commit
}

const slow = "slow"

func (r *sluggish) Commit(appends []*persistence.AppendRequest) {
	r.measure(appends)
	if len(appends) == 1 {
		if appends[0].Conversation == slow {
			<-*r.until.Load()
		}
		r.Record.Commit(appends)
		return
	}
	var others []*persistence.AppendRequest
	for _, t := range appends {
		if t.Retry = t.Conversation == slow; t.Retry {
			r.retried.Add(1)
		} else {
			others = append(others, t)
		}
	}
	r.shared.Add(1)
	r.Record.Commit(others)
}

func (r *sluggish) measure(appends []*persistence.AppendRequest) {
	size := 0
	for _, t := range appends {
		for _, s := range t.Sends {
			size += s.Size()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(appends) > 1 {
		r.mostShared = max(r.mostShared, size)
	} else {
		r.mostLone = max(r.mostLone, size)
	}
}

func (r *sluggish) seenBoth(most int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mostShared > 0 && r.mostLone > most
}

func (r *sluggish) hang() (let func()) {
	c := make(chan struct{})
	r.until.Store(&c)
	return func() { close(c) }
}

func openSluggish(t *testing.T) (*sluggish, *persistence.Store) {
	record, err := disk.Open(t.Context(), t.TempDir(), disk.Options{Log: zerolog.Nop(), SegmentSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	r := &sluggish{Record: record}
	s := persistence.New(r, history.NewMemory(history.Options{Log: zerolog.Nop()}), 1000, zerolog.Nop())
	t.Cleanup(func() {
		if err := s.Drain(context.Background()); err != nil {
			t.Error(err)
		}
		if err := record.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, s
}

// ordered is a Completion that holds one conversation's sends to their order.
type ordered struct {
	t    *testing.T
	wait *sync.WaitGroup
	last protocol.Seq
}

func (o *ordered) Completed(s *persistence.Send) {
	defer o.wait.Done()
	if s.Err != nil || s.Seq != o.last+1 {
		o.t.Errorf("%s: seq %d after %d, %v", s.Conversation, s.Seq, o.last, s.Err)
	}
	o.last = s.Seq
}

func TestASlowConversationHoldsUpNobodyElse(t *testing.T) {
	r, s := openSluggish(t)
	const conversations = 64
	var quick, behind sync.WaitGroup
	settlers := make([]*ordered, conversations)
	for i := range settlers {
		settlers[i] = &ordered{t: t, wait: &quick}
	}
	late := &ordered{t: t, wait: &behind}
	say := func(id string, o *ordered) {
		o.wait.Add(1)
		send := &persistence.Send{Message: persistence.Message{
			Conversation: protocol.ConversationID(id), Author: "ann", Text: `"x"`,
		}, Completion: o}
		if err := s.Send(t.Context(), send); err != nil {
			t.Fatal(err)
		}
	}
	let := r.hang()
	for round := 0; r.retried.Load() == 0 || round < 100; round++ {
		if round == 10_000 {
			t.Fatalf("in %d rounds it never shared a Commit; %d Commits were shared", round, r.shared.Load())
		}
		for i, o := range settlers {
			if i == conversations/2 {
				say(slow, late)
			}
			say(fmt.Sprint("quick-", i), o)
		}
		quick.Wait() // while the slow one hangs
		if round%10 == 9 {
			let() // what has gathered goes on the record, in order
			behind.Wait()
			let = r.hang()
		}
	}
	let()
	behind.Wait()
	if err := s.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Writers != 0 || st.Queued != 0 || st.Refused != 0 {
		t.Errorf("an idle store has %+v", st)
	}
}

func TestABusyConversationHasCommitsForItself(t *testing.T) {
	const most = 64 << 10
	r, s := openSluggish(t)
	var busy, quiet sync.WaitGroup
	ended := make(chan struct{})
	for c := range 16 {
		quiet.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
				}
				send := &persistence.Send{Message: persistence.Message{
					Conversation: protocol.ConversationID(fmt.Sprint("quiet-", c)), Author: "ann", Text: `"x"`,
				}}
				if err := s.SendWait(t.Context(), send); err != nil || send.Err != nil {
					t.Errorf("a quiet one's send: %v, %v", err, send.Err)
				}
			}
		})
	}
	for round := 0; round < 50 || round < 5000 && !r.seenBoth(most); round++ {
		for range 500 {
			busy.Add(1)
			send := &persistence.Send{Message: persistence.Message{
				Conversation: "busy", Author: "ann", Text: `"x"`, Bytes: 1000,
			}, Completion: done{&busy}}
			if err := s.Send(t.Context(), send); err != nil {
				t.Fatal(err)
			}
		}
		busy.Wait()
	}
	close(ended)
	quiet.Wait()
	if r.mostShared > most || r.mostShared == 0 || r.mostLone <= most {
		t.Errorf("at most %d bytes shared a Commit, and %d came alone; want 1 to %d, and more", r.mostShared, r.mostLone, most)
	}
}

// BenchmarkSpread: 256 messages on their way, over 10,000 conversations one after another.
func BenchmarkSpread(b *testing.B) {
	s := open(b, nil)
	ids := make([]protocol.ConversationID, 10_000)
	for i := range ids {
		ids[i] = protocol.ConversationID(fmt.Sprint("room-", i))
	}
	window := make(room, 256)
	b.ReportAllocs()
	began := time.Now()
	for i := 0; b.Loop(); i++ {
		window <- struct{}{}
		send := &persistence.Send{Message: persistence.Message{
			Conversation: ids[i%len(ids)], Author: "ann", Text: `"The quick brown fox jumps over the lazy dog."`,
		}, Completion: window}
		if err := s.Send(b.Context(), send); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "messages/s")
}

// room is a Completion that makes room for one more.
type room chan struct{}

func (r room) Completed(*persistence.Send) { <-r }
