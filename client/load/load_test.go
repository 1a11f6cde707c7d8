package load

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"verbatim/client"
	"verbatim/protocol"
)

// small is a load that continues until its context ends: on a busy machine no fixed time is long enough.
func small(url string) Options {
	return Options{
		URL: url, Conversations: 1, Members: 5, Publishers: 2, Window: 2, Size: 20, Prefix: "load-",
		Duration: time.Hour, Deadline: time.Minute, ReconnectShare: 0.5,
	}
}

// broken is a small load on a server from which not everything will come, so that the deadline passes.
func broken(url string) Options {
	o := small(url)
	o.Deadline = 8 * time.Second
	return o
}

// under runs a load on the fake until enough returns true.
func (f *fake) under(t *testing.T, o Options, enough func() bool) *Report {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // the test's; ends when it is enough, or with the load
		for !enough() && ctx.Err() == nil {
			time.Sleep(2 * time.Millisecond) // between two looks
		}
		cancel()
	}()
	report, err := Run(ctx, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestAServerThatKeepsTheContractPasses(t *testing.T) {
	t.Parallel()
	f := newFake(t, nil)
	report := f.under(t, small(f.web.URL), f.recorded(200))
	if err := report.Err(); err != nil {
		t.Error(err, report.Violations)
	}
	if report.Sent == 0 || report.Acked != report.Sent || report.Checked != 5*report.Sent {
		t.Errorf("sent %d, acked %d, checked %d: want as many acked, five times as many checked",
			report.Sent, report.Acked, report.Checked)
	}
	if l := report.PublishToDeliver; l.P50 <= 0 || l.P50 > l.P99 || l.P99 > l.Max {
		t.Errorf("latency %+v", l)
	}
}

// with returns the entry with another seq.
func with(entry []byte, seq protocol.Seq) []byte {
	return seqField.ReplaceAll(entry, []byte(`"seq":`+strconv.FormatUint(uint64(seq), 10)+`,`))
}

var seqField = regexp.MustCompile(`"seq":\d+,`)

func TestEachBreachIsFound(t *testing.T) {
	t.Parallel()
	const victim = "load-3" // the session that the fault is for
	for what, row := range map[string]struct {
		kind  string
		says  string
		fault fault
	}{
		"a lost entry": {lostKind, "came where", func(s *session, n int, entry []byte) [][]byte {
			if s.name == victim && n == 10 {
				return nil
			}
			return [][]byte{entry}
		}},
		"everything lost from some time on": {lostKind, "were acknowledged and not seen by socket 3",
			func(s *session, n int, entry []byte) [][]byte {
				if s.name == victim && n >= 10 {
					return nil
				}
				return [][]byte{entry}
			}},
		"an entry that comes twice": {doubledKind, "came again", func(s *session, n int, entry []byte) [][]byte {
			if s.name == victim && n == 10 {
				return [][]byte{entry, entry}
			}
			return [][]byte{entry}
		}},
		"a message that is recorded twice": {doubledKind, "came after",
			func(s *session, n int, entry []byte) [][]byte {
				seq, _ := protocol.EntrySeq(entry)
				if n >= 10 { // in every session, so that the seqs are right
					entry = with(entry, seq+1)
				}
				if n == 10 {
					return [][]byte{with(entry, seq), entry}
				}
				return [][]byte{entry}
			}},
		"two entries that come in the wrong order":         {lostKind, "came where", swapped(victim, false)},
		"two messages in the wrong order under right seqs": {orderKind, "", swapped(victim, true)},
		"what is no JSON": {malformedKind, "cannot be read", func(s *session, n int, entry []byte) [][]byte {
			if s.name == victim && n == 10 {
				return [][]byte{[]byte("hello"), entry}
			}
			return [][]byte{entry}
		}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, row.fault)
			report := f.under(t, broken(f.web.URL), f.recorded(100))
			err := report.Err()
			if err == nil || !strings.Contains(err.Error(), row.kind) {
				t.Fatalf("got %v, want %q", err, row.kind)
			}
			var text bytes.Buffer
			if err := report.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			line := regexp.MustCompile(`(?m)^` + row.kind + `: \d+, first: .*`).FindString(text.String())
			if !strings.Contains(line, row.says) || line == "" {
				t.Errorf("the report has no line of it with %q:\n%s", row.says, &text)
			}
		})
	}
}

// swapped sends the victim two entries in the wrong order. If sneaky is set, their seqs are in the right order.
func swapped(victim string, sneaky bool) fault {
	return func(s *session, n int, entry []byte) [][]byte {
		switch {
		case s.name != victim || n != 10 && n != 11:
			return [][]byte{entry}
		case n == 10:
			s.kept = entry
			return nil
		case !sneaky:
			return [][]byte{entry, s.kept}
		}
		first, _ := protocol.EntrySeq(s.kept)
		return [][]byte{with(entry, first), with(s.kept, first+1)}
	}
}

func TestAnAckForAnotherPlaceIsFound(t *testing.T) {
	t.Parallel()
	r := newRun(small("x"), nil)
	p := r.conversations[0].publishers[0]
	p.checkSeq(1, 7)
	p.checkSeq(1, 7)
	if n := r.violations.count(); n != 0 {
		t.Fatal(r.violations.all())
	}
	p.checkSeq(2, 8)
	p.checkSeq(2, 9)
	if n := r.violations.count(); n != 1 {
		t.Errorf("%d faults, want 1", n)
	}
}

func TestDifferentOrdersAtTwoReadersAreFound(t *testing.T) {
	t.Parallel()
	r := newRun(small("x"), nil)
	r.check()
	if n := r.violations.count(); n != 0 {
		t.Fatal(r.violations.all())
	}
	r.members[2].order = 1
	r.check()
	if all := r.violations.all(); len(all) != 1 || all[0].Kind != orderKind {
		t.Errorf("%+v", all)
	}
}

func TestAServerThatStopsAnsweringIsFound(t *testing.T) {
	t.Parallel()
	f := newFake(t, nil)
	o := broken(f.web.URL)
	o.Rate = 200
	f.fault = func(s *session, n int, entry []byte) [][]byte {
		if n == 10 {
			_ = s.ws.CloseNow() // from now on the fake answers 503
			f.gone.Store(true)
		}
		return [][]byte{entry}
	}
	begin := time.Now()
	report := f.under(t, o, func() bool { // a second after that, so that something is unanswered
		if !f.gone.Load() {
			begin = time.Now()
		}
		return time.Since(begin) > time.Second
	})
	if err := report.Err(); err == nil || !strings.Contains(err.Error(), unackedKind) {
		t.Errorf("a server that was gone: %v", err)
	}
}

func TestAnOpenLoopSendsNoMoreThanItsRateAndBrokenConnectionsResume(t *testing.T) {
	t.Parallel()
	f := newFake(t, nil)
	o := small(f.web.URL)
	o.Rate, o.ReconnectEvery = 200, 200*time.Millisecond
	began := time.Now()
	recorded := f.recorded(400)
	report := f.under(t, o, func() bool { return f.joins() > 10 && recorded() })
	if err := report.Err(); err != nil {
		t.Error(err, report.Violations)
	}
	if took := time.Since(began); float64(report.Sent) > 1+o.Rate*took.Seconds() { // a busy machine sends fewer
		t.Errorf("%d sent in less than %v, at a rate of %v a second", report.Sent, took, o.Rate)
	}
	if report.Reconnects == 0 {
		t.Errorf("%d reconnects, want some: were connections broken?", report.Reconnects)
	}
}

func TestWhatCannotBeginIsRefused(t *testing.T) {
	t.Parallel()
	full := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer full.Close()
	change := func(f func(*Options)) Options { o := small(full.URL); f(&o); return o }
	for says, o := range map[string]Options{
		"127.0.0.1:1":       change(func(o *Options) { o.URL = "127.0.0.1:1" }),
		"503":               change(func(*Options) {}),
		"--conversations":   change(func(o *Options) { o.Members = 0 }),
		"--publishers":      change(func(o *Options) { o.Publishers = 6 }),
		"--window":          change(func(o *Options) { o.Window = 0 }),
		"--rate":            change(func(o *Options) { o.Rate = -1 }),
		"--size":            change(func(o *Options) { o.Size = 0 }),
		"--duration":        change(func(o *Options) { o.Duration = 1 }),
		"--reconnect-every": change(func(o *Options) { o.ReconnectEvery = 1 }),
		"--reconnect-share": change(func(o *Options) { o.ReconnectShare = 2 }),
		"--prefix":          change(func(o *Options) { o.Prefix = "Load" }),
		"--pid":             change(func(o *Options) { o.PID = 1 << 30 }),
	} {
		_, err := Run(context.Background(), o, nil)
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want a refusal with %q", err, says)
		}
	}
	tooLong := small(newFake(t, nil).web.URL)
	tooLong.Size = 20_000
	_, err := Run(context.Background(), tooLong, nil)
	if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "--max-text") {
		t.Errorf("got %v, want a refusal with --max-text", err)
	}
}

func TestTheEndOfTheContextEndsThePublishingAlone(t *testing.T) {
	t.Parallel()
	f := newFake(t, nil)
	report := f.under(t, small(f.web.URL), f.recorded(1))
	if report.Err() != nil || report.Sent == 0 || report.Checked != 5*report.Sent {
		t.Errorf("%+v", report)
	}
}

func TestThePlotIsWellFormedWhateverThereIs(t *testing.T) {
	t.Parallel()
	latency := Latency{0.1, 0.2, 3, 40, 500}
	for _, points := range [][]Point{
		nil,
		{{At: 1}},
		{{At: 1, Deliveries: 1e6, Latency: latency}, {At: 2}, {At: 3, Deliveries: 2e6, Latency: latency}},
	} {
		var svg bytes.Buffer
		if err := (&Report{Points: points}).WritePlot(&svg); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(svg.String(), "NaN") || strings.Contains(svg.String(), "Inf") {
			t.Errorf("a coordinate is none:\n%s", &svg)
		}
		for d := xml.NewDecoder(&svg); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestADeliveryAllocatesNothing(t *testing.T) {
	r := newRun(small("x"), nil)
	r.from.Store(0)
	m := r.members[3]
	frame := []byte(`{"type":"message","conversation":"load-0","seq":12,"id":"` + r.id + `-1-1-500",` +
		`"from":"load-1","text":"x"}`)
	e := &client.Entry{Conversation: "load-0", Seq: 12, JSON: frame}
	allocated := testing.AllocsPerRun(1000, func() {
		m.seen[1] = 0
		m.entry(e)
	})
	if allocated != 0 || m.got.Load() == 0 || r.violations.count() != 0 {
		t.Errorf("%v allocations a delivery; %d delivered, %d faults", allocated, m.got.Load(), r.violations.count())
	}
}
