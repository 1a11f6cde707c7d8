//gate:story a real server, killed

package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"verbatim/protocol"
)

// programs is where the real server is built, once, when the first test asks for it.
var programs string

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if programs != "" {
			_ = os.RemoveAll(programs) // a temporary folder
		}
		os.Exit(code)
	}))
}

var verbatim = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "verbatim-client-")
	if err != nil {
		return "", err
	}
	programs = dir
	path := filepath.Join(dir, "verbatim")
	if out, err := exec.Command("go", "build", "-o", path, "verbatim").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build verbatim: %w\n%s", err, out)
	}
	return path, nil
})

// patience bounds a wait for a real server; a test that passes does not spend it.
const patience = 60 * time.Second

// real is a real server on a port and a data directory of its own, which outlive its processes.
type real struct {
	t             *testing.T
	address, data string
	cmd           *exec.Cmd
}

func newReal(t *testing.T) *real {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &real{t: t, address: free.Addr().String(), data: filepath.Join(t.TempDir(), "data")}
	free.Close()
	t.Cleanup(func() { s.kill() })
	s.start()
	return s
}

// start returns once the server accepts.
func (s *real) start() {
	s.t.Helper()
	path, err := verbatim()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd = exec.Command(path, "serve", "--listen", s.address, "--data-dir", s.data, "--send-rate", "0", "--log-level", "error")
	s.cmd.Stderr = os.Stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		s.t.Fatalf("the server does not listen: %q %v", line, err)
	}
}

// kill is kill -9, waited for.
func (s *real) kill() { s.end(syscall.SIGKILL) }

func (s *real) end(signal syscall.Signal) {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(signal)
		_ = s.cmd.Wait() // it was killed
		s.cmd = nil
	}
}

// reader checks what a client gets: each seq once, in order.
type reader struct {
	mu     sync.Mutex
	seqs   []protocol.Seq
	ids    []protocol.MessageID
	faults []string
	fresh  chan struct{} // capacity 1
}

func (r *reader) handler() Handler {
	r.fresh = make(chan struct{}, 1)
	fault := func(format string, args ...any) {
		r.mu.Lock()
		r.faults = append(r.faults, fmt.Sprintf(format, args...))
		r.mu.Unlock()
	}
	return Handler{
		Entry: func(e *Entry) {
			m, err := e.Message()
			if err != nil {
				fault("entry %s: %v", e.JSON, err)
			}
			r.mu.Lock()
			r.seqs, r.ids = append(r.seqs, e.Seq), append(r.ids, m.ID)
			r.mu.Unlock()
			select {
			case r.fresh <- struct{}{}:
			default:
			}
		},
		Refuse:    func(f Refusal) { fault("refused: %+v", f) },
		Reset:     func(f Reset) { fault("reset: %+v", f) },
		Violation: func(v Violation) { fault("violation: %v", v) },
		Joined: func(j Joined) {
			if j.Missed > 0 {
				fault("missed %d", j.Missed)
			}
		},
	}
}

// holds waits for n entries and checks all of them.
func (r *reader) holds(t *testing.T, author string, n int) {
	t.Helper()
	limit := time.After(patience)
	for {
		r.mu.Lock()
		got := len(r.ids)
		r.mu.Unlock()
		if got >= n {
			break
		}
		select {
		case <-r.fresh:
		case <-limit:
			t.Fatalf("%d of %d entries came", got, n)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, id := range r.ids {
		if want := protocol.MessageID(fmt.Sprint(author, "-", i)); id != want || r.seqs[i] != protocol.Seq(i+1) {
			t.Fatalf("entry %d is %s at seq %d, want %s at %d", i, id, r.seqs[i], want, i+1)
		}
	}
	if len(r.faults) > 0 {
		t.Errorf("faults: %s", strings.Join(r.faults, "; "))
	}
}

var everything = Join{Conversation: "lobby", After: protocol.Number{Set: true}}

var quick = Backoff{First: 20 * time.Millisecond, Most: 100 * time.Millisecond}

func TestKillingTheServerLosesDoublesAndReordersNothing(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	const messages, kills = 3000, 3
	read := &reader{}
	bob, _ := run(t, Options{URL: s.address, Name: "bob", Joins: []Join{everything}, Handler: read.handler(), Backoff: quick})
	acks := make(chan Ack, messages)
	faults := make(chan error, messages)
	ann, _ := run(t, Options{URL: s.address, Name: "ann", Joins: []Join{{Conversation: "lobby", Limit: LiveOnly}}, Unacked: 64, Backoff: quick, Handler: Handler{
		Ack:       func(a Ack) { acks <- a },
		Refuse:    func(r Refusal) { faults <- r.Err },
		Violation: func(v Violation) { faults <- v },
	}})
	go func() { // ends with the last message taken, or with the client
		for i := range messages {
			if _, err := ann.Send(context.Background(), Message{Conversation: "lobby", ID: protocol.MessageID(fmt.Sprint("ann-", i)), Text: fmt.Sprint("message ", i)}); err != nil {
				return
			}
		}
	}()
	limit := time.After(patience)
	for i := range messages {
		if (i+1)%(messages/(kills+1)) == 0 && i+1 < messages {
			s.kill() // with a full outbox
			s.start()
		}
		select {
		case a := <-acks:
			if want := protocol.MessageID(fmt.Sprint("ann-", i)); a.ID != want || a.Seq != protocol.Seq(i+1) {
				t.Fatalf("ack %d is of %s at seq %d", i, a.ID, a.Seq)
			}
		case err := <-faults:
			t.Fatal(err)
		case <-limit:
			t.Fatalf("%d acks came: %+v", i, ann.Stats())
		}
	}
	read.holds(t, "ann", messages)
	t.Logf("ann %+v\nbob %+v", ann.Stats(), bob.Stats())
	if ann.Stats().Reconnects < kills {
		t.Errorf("ann reconnected %d times, want %d: was the server killed?", ann.Stats().Reconnects, kills)
	}
}

func TestAReaderWhoseConnectionBreaksManyTimesGetsEachEntryOnce(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	const messages = 3000
	read := &reader{}
	bob, _ := run(t, Options{URL: s.address, Name: "bob", Joins: []Join{everything}, Handler: read.handler(), Backoff: Backoff{First: time.Millisecond, Most: time.Millisecond}})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ann, err := Dial(ctx, Options{URL: s.address, Name: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	defer ann.Close()
	for i := range messages {
		if i%100 == 50 {
			bob.Reconnect()
		}
		if _, err := ann.Send(ctx, Message{Conversation: "lobby", ID: protocol.MessageID(fmt.Sprint("ann-", i)), Text: "hi"}); err != nil {
			t.Fatal(err)
		}
	}
	read.holds(t, "ann", messages)
	if bob.Stats().Reconnects == 0 {
		t.Error("bob never reconnected")
	}
}

func TestAWipedDataDirectoryIsToldAsAReset(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	n := newNews(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	h := n.handler()
	h.Connected, h.Disconnected, h.Ack = nil, nil, nil
	h.Joined = func(j Joined) { n.add("joined %d-%d resumed=%v", j.First, j.Last, j.Resumed) }
	h.Reset = func(r Reset) { n.add("reset %d", r.Seq) }
	c, err := Dial(ctx, Options{URL: s.address, Name: "ann", Joins: []Join{{Conversation: "lobby"}}, Handler: h, Backoff: quick})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	n.expect("joined 1-0 resumed=false")
	for range 3 {
		if _, err := c.SendWait(ctx, Message{Conversation: "lobby", Text: "hi"}); err != nil {
			t.Fatal(err)
		}
	}
	n.expect("entry 1", "entry 2", "entry 3")
	for log, _ := c.Position("lobby"); log == ""; log, _ = c.Position("lobby") { // asked for with entry 1
		if err := c.Ping(ctx); err != nil {
			t.Fatal(err)
		}
	}
	s.kill()
	if err := os.RemoveAll(s.data); err != nil {
		t.Fatal(err)
	}
	s.start()
	n.expect("reset 3", "joined 1-0 resumed=false")
	if a, err := c.SendWait(ctx, Message{Conversation: "lobby", Text: "hi"}); err != nil || a.Seq != 1 {
		t.Fatalf("%+v %v", a, err)
	}
	n.expect("entry 1")
}

func TestADrainingServerIsLeftAndFoundAgain(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	why := make(chan Disconnected, 100)
	c, err := Dial(ctx, Options{URL: s.address, Name: "ann", Handler: Handler{Disconnected: func(d Disconnected) { why <- d }}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s.end(syscall.SIGTERM)
	if d := <-why; !strings.Contains(d.Err.Error(), "retry_after=") || d.Retry < time.Second {
		t.Errorf("disconnected: %v, again in %v", d.Err, d.Retry)
	}
	s.start()
	if a, err := c.SendWait(ctx, Message{Conversation: "lobby", Text: "hi"}); err != nil || a.Seq != 1 {
		t.Fatalf("%+v %v", a, err)
	}
	entries, more, err := c.History(ctx, Page{Conversation: "lobby"})
	if err != nil || more || len(entries) != 1 || entries[0].PlainText() != "hi" {
		t.Errorf("history: %+v %v %v", entries, more, err)
	}
}

func TestDialSaysWhatStandsInTheWay(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	once := Handler{Disconnected: func(Disconnected) { cancel() }}
	if _, err := Dial(ctx, Options{URL: "127.0.0.1:1", Handler: once}); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v", err)
	}
	for _, url := range []string{"", "ftp://x", "ws://"} {
		if _, err := Dial(ctx, Options{URL: url}); err == nil {
			t.Errorf("%q was taken", url)
		}
	}
}

// says sends so many messages to the lobby, as a client of its own, and waits until they are on the record.
func (s *real) says(prefix string, n int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := Dial(ctx, Options{URL: s.address, Name: "author"})
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	for i := range n {
		if _, err := c.SendWait(ctx, Message{Conversation: "lobby", Text: fmt.Sprint(prefix, " ", i)}); err != nil {
			s.t.Fatal(err)
		}
	}
}

// The reader never sends, so that the only sums it is told are those of its joins.
func TestAReaderIsToldThatAnOlderCopyOfTheDataWasPutBack(t *testing.T) {
	s := newReal(t)
	s.says("common", 3)
	var mu sync.Mutex
	var texts []string
	came, resets, joins := make(chan string, 100), make(chan Reset, 1), make(chan Joined, 100)
	c, err := New(Options{URL: s.address, Name: "reader", Joins: []Join{{Conversation: "lobby"}}, Handler: Handler{
		Entry: func(e *Entry) {
			m, err := e.Message()
			if err != nil {
				t.Errorf("entry %s: %v", e.JSON, err)
			}
			mu.Lock()
			texts = append(texts, m.PlainText())
			mu.Unlock()
			came <- m.PlainText()
		},
		Reset: func(r Reset) {
			mu.Lock()
			texts = nil
			mu.Unlock()
			resets <- r
		},
		Joined:    func(j Joined) { joins <- j },
		Violation: func(v Violation) { t.Errorf("violation: %v", v) },
	}})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Run(context.Background()) }() // the test's; ends with Close
	t.Cleanup(func() { c.Close(); <-ended })
	waitFor := func(text string) {
		t.Helper()
		for limit := time.After(patience); ; {
			select {
			case got := <-came:
				if got == text {
					return
				}
			case <-limit:
				t.Fatalf("%q did not come within %v", text, patience)
			}
		}
	}
	waitFor("common 2")
	<-joins
	s.says("shared", 2)
	waitFor("shared 1")
	s.end(syscall.SIGTERM)
	older := filepath.Join(t.TempDir(), "older")
	if err := os.CopyFS(older, os.DirFS(s.data)); err != nil {
		t.Fatal(err)
	}
	s.start()
	if j := <-joins; j.Last != 5 {
		t.Fatalf("the reader came back to %d entries, want 5", j.Last)
	}
	s.says("first history", 3) // their sums are told to their author alone
	waitFor("first history 2")
	s.end(syscall.SIGTERM)

	// The copy goes another way before the reader is back.
	apart := newReal(t)
	apart.end(syscall.SIGTERM)
	apart.data = older
	apart.start()
	apart.says("second history", 5)
	apart.end(syscall.SIGTERM)
	s.data = older
	s.start()
	select {
	case r := <-resets:
		if r.Seq != 8 {
			t.Errorf("the reset says that what was delivered up to %d is gone, want 8", r.Seq)
		}
	case <-time.After(patience):
		t.Fatalf("there was no reset within %v", patience)
	}
	held := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(texts)
	}
	for len(held()) < 10 {
		<-came
	}
	if got := held(); len(got) != 10 || got[4] != "shared 1" || got[5] != "second history 0" {
		t.Errorf("after the reset came %q, want all 10 entries of the record as it is", got)
	}
}

func TestDrainPutsAllThatWasSentOnTheRecord(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := Dial(ctx, Options{URL: s.address, Name: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if _, err := c.Send(ctx, Message{Conversation: "lobby", ID: protocol.MessageID(fmt.Sprint("ann-", i)), Text: "hi"}); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := c.Drain(ctx); left != 0 || err != nil {
		t.Fatalf("%d left: %v", left, err)
	}
	read := &reader{}
	run(t, Options{URL: s.address, Name: "bob", Joins: []Join{everything}, Handler: read.handler(), Backoff: quick})
	read.holds(t, "ann", 100)
}

func TestAnOriginThatIsRefusedIsToldInTheServersWords(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	c, err := New(Options{URL: s.address, Header: http.Header{"Origin": {"https://elsewhere.example"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "403") || !strings.Contains(err.Error(), "--allow-origin") {
		t.Errorf("got %v, want the status, and what to do", err)
	}
}

// bot answers each question, and keeps where it stands once the answer is on the record. It is broken off in the
// middle.
func (s *real) bot(stood Join, answers int) Join {
	s.t.Helper()
	type place struct {
		id   protocol.MessageID
		join Join
	}
	asked, acked := make(chan place, 1000), make(chan protocol.MessageID, 1000)
	var c *Client
	c, err := New(Options{URL: s.address, Name: "bot", Joins: []Join{stood}, Unacked: 1000, Handler: Handler{
		Entry: func(e *Entry) {
			m, err := e.Message()
			if err != nil || m.From == "bot" {
				return
			}
			id, err := c.TrySend(Message{Conversation: "lobby", ID: protocol.MessageID(fmt.Sprint("answer-", m.Seq)), Target: m.Seq, Text: "answer to " + m.PlainText()})
			if err != nil && !errors.Is(err, ErrClosed) {
				s.t.Errorf("send: %v", err)
			}
			if join, ok := c.Resume("lobby"); ok {
				asked <- place{id, join}
			}
		},
		Ack: func(a Ack) { acked <- a.ID },
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Run(context.Background()) }() // the test's; ends with Close
	defer func() { c.Close(); <-ended }()
	for range answers {
		select {
		case id := <-acked:
			p := <-asked
			if p.id != id {
				s.t.Fatalf("the ack is of %s, want %s: acks come in the order of sending", id, p.id)
			}
			stood = p.join
		case <-time.After(patience):
			s.t.Fatal("no answer was recorded")
		}
	}
	return stood
}

func TestABotThatIsStartedAgainTenTimesAnswersEachQuestionOnce(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	const questions = 100
	s.says("question", questions)
	stood := everything
	for range 10 {
		s.bot(stood, 5) // what it kept is lost with it
		stood = s.bot(stood, 5)
	}
	read := &reader{}
	h := read.handler()
	var mu sync.Mutex
	answers := map[string]int{}
	h.Entry = func(e *Entry) {
		m, err := e.Message()
		mu.Lock()
		defer mu.Unlock()
		if err == nil && m.From == "bot" {
			answers[m.PlainText()]++
		}
		read.fresh <- struct{}{}
	}
	read.fresh = make(chan struct{}, 1000)
	stood = s.bot(stood, questions-50)
	if stood.After.Value < questions {
		t.Errorf("the bot stands at %d, want %d at least", stood.After.Value, questions)
	}
	run(t, Options{URL: s.address, Name: "bob", Joins: []Join{everything}, Handler: h, Backoff: quick})
	for range 2 * questions {
		select {
		case <-read.fresh:
		case <-time.After(patience):
			t.Fatalf("%d answers came", len(answers))
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for i := range questions {
		if n := answers[fmt.Sprint("answer to question ", i)]; n != 1 {
			t.Errorf("question %d has %d answers", i, n)
		}
	}
}
