// Storm is sockets that lose their server and come back by themselves: the Go client of client/, as often as it is
// told.
//
//	storm -addr 127.0.0.1:20001 -conversations 1000 -members 10 -have 1 -upto 101
//
// The conversations, bench-0 and on, hold `have` entries each. It joins, says `joined` on a line of its own, and
// waits until every socket has got all entries up to `upto`, in order and once. Then it prints one object
// (figures.Storm). What happens to the server meanwhile is its caller's doing.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"verbatim/client"
	"verbatim/protocol"
	"verbatim/scripts/bench/figures"
)

type options struct {
	addr                   string
	conversations, members int
	have, upTo             int64
	wait                   time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.addr, "addr", "127.0.0.1:8080", "the server's `host:port`")
	flag.IntVar(&o.conversations, "conversations", 100, "bench-0, bench-1, …")
	flag.IntVar(&o.members, "members", 10, "sockets in each")
	flag.Int64Var(&o.have, "have", 1, "entries that are there at the join")
	flag.Int64Var(&o.upTo, "upto", 101, "the last entry that each must get")
	flag.DurationVar(&o.wait, "wait", time.Minute, "the most that joining may take, and coming back")
	flag.Parse()
	debug.SetGCPercent(400) // memory for time: it shares the machine
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "storm:", err)
		os.Exit(1)
	}
}

// crowd is all sockets. Its counts are the Handlers'.
type crowd struct {
	*options
	joined   atomic.Int64
	complete atomic.Int64
	wrong    atomic.Int64
	mu       sync.Mutex
	example  string // guarded by mu: the first violation
}

// member is one socket; its Handler's until the client is closed.
type member struct {
	crowd  *crowd
	client *client.Client
	in     func() // at the first join
	at     protocol.Seq
	done   int64 // Unix ns; 0: not all is here
	back   int64 // Unix ns: when it joined again, the last time
}

// atOnce is how many sockets may be on their way in.
const atOnce = 64

func run(o *options) error {
	c := &crowd{options: o}
	var members []*member
	var running sync.WaitGroup
	places := make(chan struct{}, atOnce)
	late := time.After(o.wait)
	for i := range o.conversations * o.members {
		select {
		case places <- struct{}{}:
		case <-late:
			return fmt.Errorf("%d of %d sockets joined within %v", c.joined.Load(), o.conversations*o.members, o.wait)
		}
		m := &member{crowd: c, in: func() { <-places }, at: protocol.Seq(o.have)}
		if err := m.begin(i, &running); err != nil {
			return err
		}
		members = append(members, m)
	}
	if !until(o.wait, func() bool { return c.joined.Load() == int64(len(members)) }) {
		return fmt.Errorf("%d of %d sockets joined within %v", c.joined.Load(), len(members), o.wait)
	}
	fmt.Println("joined")
	_ = until(o.wait, func() bool { return c.complete.Load() == int64(len(members)) }) // those that are not are counted
	for _, m := range members {
		running.Go(m.client.Close) // ends with the client
	}
	running.Wait()
	return json.NewEncoder(os.Stdout).Encode(c.found(members))
}

func (m *member) begin(index int, running *sync.WaitGroup) (err error) {
	conversation := protocol.ConversationID(fmt.Sprint("bench-", index/m.crowd.members))
	m.client, err = client.New(client.Options{
		URL: m.crowd.addr, Name: protocol.UserID(fmt.Sprint("storm-", index)),
		Joins: []client.Join{{Conversation: conversation, Limit: client.LiveOnly}},
		Handler: client.Handler{
			Entry: m.entry, Joined: m.joined,
			Violation: func(v client.Violation) { m.crowd.amiss("%v", v) },
			Reset:     func(r client.Reset) { m.crowd.amiss("%s became another log", r.Conversation) },
			Left:      func(l client.Left) { m.crowd.amiss("%s: sent away: %s %s", l.Conversation, l.Code, l.Reason) },
		},
	})
	if err != nil {
		return err
	}
	running.Go(func() { // run's; ends with Close
		if err := m.client.Run(context.Background()); !errors.Is(err, client.ErrClosed) {
			m.crowd.amiss("refused for good: %v", err)
		}
	})
	return nil
}

func (m *member) joined(j client.Joined) {
	if m.in != nil {
		m.in()
		m.in = nil
		m.crowd.joined.Add(1)
		if j.Last != m.at {
			m.crowd.amiss("%s: it holds %d entries before the storm, and -have says %d", j.Conversation, j.Last, m.at)
		}
	} else {
		m.back = time.Now().UnixNano()
	}
	if j.Missed > 0 {
		m.crowd.amiss("%s: %d entries are no longer kept", j.Conversation, j.Missed)
	}
}

func (m *member) entry(e *client.Entry) {
	if e.Seq != m.at+1 {
		m.crowd.amiss("%s: seq %d came after %d", e.Conversation, e.Seq, m.at)
	}
	m.at = max(m.at, e.Seq)
	if m.done == 0 && int64(m.at) >= m.crowd.upTo {
		m.done = time.Now().UnixNano()
		m.crowd.complete.Add(1)
	}
}

func (c *crowd) amiss(format string, args ...any) {
	c.wrong.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.example == "" {
		c.example = fmt.Sprintf(format, args...)
	}
}

// found is called when all clients are closed.
func (c *crowd) found(members []*member) *figures.Storm {
	f := &figures.Storm{Sockets: len(members), Violations: c.wrong.Load(), Example: c.example}
	var done, back []int64
	for _, m := range members {
		f.Lost += max(0, c.upTo-int64(m.at))
		f.Reconnects += m.client.Stats().Reconnects
		if m.done > 0 {
			done = append(done, m.done)
		}
		if m.back > 0 {
			back = append(back, m.back)
		}
	}
	slices.Sort(back)
	if f.Peak = mostInASecond(back); len(back) > 0 {
		f.Returned = back[len(back)-1]
	}
	if slices.Sort(done); len(done) > 0 {
		f.Half, f.Last = done[len(done)/2], done[len(done)-1]
	}
	return f
}

// mostInASecond is how many of the moments, which are in order, lie within a second, wherever it begins.
func mostInASecond(moments []int64) (most int) {
	begin := 0
	for end := range moments {
		for moments[end]-moments[begin] >= int64(time.Second) {
			begin++
		}
		most = max(most, end-begin+1)
	}
	return most
}

func until(limit time.Duration, done func() bool) bool {
	for end := time.Now().Add(limit); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}
