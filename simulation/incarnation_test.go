package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence"
	"verbatim/persistence/disk"
	"verbatim/persistence/history"
)

// server is one incarnation of the server.
type server struct {
	w       *world
	record  *disk.Record
	recent  *history.Memory
	store   *persistence.Store
	clients clients
	faults  int // of the world before this incarnation
}

// clients use a server: directly, or through sessions.
type clients interface {
	act()         // has one of them do something; the driver calls it
	heal()        // has each of them send something that must be acked
	hung() string // says what a client still waits for; empty: nothing
	end()         // ends them, when the server is dead or drained
}

// parkingRecord is a record whose commits begin when the driver lets them.
type parkingRecord struct {
	*disk.Record
	w *world
}

func (p parkingRecord) Commit(appends []*persistence.AppendRequest) {
	what := "commit"
	for _, t := range appends {
		what += fmt.Sprintf(" %s %s", t.Conversation, t.Sends[0].Ref)
	}
	p.w.park(what, nil)
	p.Record.Commit(appends)
}

func (p parkingRecord) PrepareDedup(ctx context.Context, m *persistence.Message) (persistence.Prepared, error) {
	prepared, err := p.Record.PrepareDedup(ctx, m)
	if m.ID == "" || !m.Since.Set {
		return prepared, err // this only reads the clock
	}
	p.w.park("prepared "+m.Ref, nil) // so that it is not queued while its writer looks for more
	return prepared, err
}

// open opens the record. It returns nil if that failed, or if the world crashed meanwhile, which crashed reports.
func (w *world) open(crashAt int) (r *disk.Record, crashed bool) {
	h := &w.scenario
	var err error
	now := func() time.Time { return time.Now().Add(h.skew).Round(0) }
	fsys := w.fs
	before := w.faults.get() + w.readFaults.get()
	opened := w.run(func() {
		r, err = disk.Open(context.Background(), dataDir, disk.Options{
			Log: zerolog.Nop(), Now: now, FS: fsys, SegmentSize: h.segment, IDs: idsFor,
			Yield: func() { w.park("gather", nil) },
		})
	})
	if !w.until(opened, crashAt) {
		w.crash(w.random.IntN(2) == 0, func() {
			<-opened
			if r != nil {
				_ = r.Close() // nobody hears of it
			}
		})
		return nil, true
	}
	w.trace("open: %v", err)
	if err != nil {
		if w.healthy.Load() || w.faults.get()+w.readFaults.get() == before {
			w.fail("a start was refused: %v\n%s", err, w.fs)
		}
		return nil, false
	}
	return r, false
}

// live runs one incarnation of the server: a start, clients that act, an end. It reports whether the world goes on.
func (w *world) live(make func(*server) clients) bool {
	h := &w.scenario
	w.healthy.Store(w.random.IntN(3) == 0)
	w.faultProfile = drawFaultProfile(w.random)
	if w.random.IntN(4) == 0 {
		h.skew -= time.Duration(w.random.IntN(1000)) * time.Second
	}
	crashAt := 0
	if w.random.IntN(4) == 0 {
		crashAt = w.steps.get() + 1 + w.random.IntN(60)
	}
	r, crashed := w.open(crashAt)
	if crashed {
		return true
	}
	if r == nil { // once more, as an operator would after mending the disk
		w.healthy.Store(true)
		if r, _ = w.open(0); r == nil {
			return false
		}
	}
	s := w.serve(r)
	faulty := !w.healthy.Load()
	if w.random.IntN(2) == 0 {
		w.healthy.Store(true)
		whole := w.random.IntN(2) == 0
		w.until(w.run(func() { w.model.check("after a start", s.record, whole) }), 0)
	}
	w.healthy.Store(!faulty)
	s.clients = make(s)
	w.talk(s, h.steps/2+w.random.IntN(h.steps))
	switch w.random.IntN(8) {
	case 0:
		s.close()
	default:
		if w.random.IntN(4) == 0 {
			s.heal()
		}
		w.crash(w.random.IntN(2) == 0, s.kill)
	}
	return !w.broken()
}

func (w *world) serve(r *disk.Record) *server {
	s := &server{
		w: w, record: r, faults: w.faults.get() + w.readFaults.get(),
		recent: history.NewMemory(history.Options{Log: zerolog.Nop(), Size: 20}),
	}
	s.store = persistence.New(parkingRecord{r, w}, s.recent, 20, zerolog.Nop())
	return s
}

// talk lets the clients act for so many steps.
func (w *world) talk(s *server, steps int) {
	h := &w.scenario
	for end := w.steps.get() + steps; w.steps.get() < end && !w.broken(); {
		w.quiesce()
		switch at := w.random.IntN(h.disk + h.acts + h.pauses); {
		case at < h.disk && w.resumeOne(false):
		case at < h.disk+h.acts:
			w.steps.up()
			s.clients.act()
		default:
			w.pass()
		}
		if w.random.IntN(50) == 0 {
			w.fs.WriteBack()
		}
	}
}

// pass lets some time pass: now and then more than the limits of the server allow.
func (w *world) pass() {
	switch n := w.random.IntN(40); {
	case n < 20:
		w.wait(time.Duration(w.random.IntN(2000)) * time.Microsecond)
	case n < 32:
		w.wait(time.Duration(w.random.IntN(1200)) * time.Millisecond)
	case n < 38:
		w.wait(time.Duration(w.random.IntN(8)) * time.Second)
	case n < 39:
		w.wait(61 * time.Second)
	default:
		w.wait(11 * time.Minute)
	}
}

// heal ends all faults, and checks that service comes back by itself.
func (s *server) heal() {
	w := s.w
	w.healthy.Store(true)
	idle := w.run(func() { time.Sleep(30 * time.Second) })
	w.until(idle, 0)
	if err := s.record.Ready(); err != nil {
		w.fail("the disk has been well for 30 s, and the record says: %v", err)
	}
	s.clients.heal()
	w.until(w.run(func() { time.Sleep(30 * time.Second) }), 0)
	if who := s.clients.hung(); who != "" {
		w.fail("the disk has been well for 60 s, and this is so: %s", who)
	}
}

// close ends the server in order, on a disk without faults.
func (s *server) close() {
	s.heal()
	var err error
	s.w.until(s.w.run(func() {
		s.clients.end()
		_ = s.store.Drain(context.Background())
		_ = s.recent.Close(context.Background())
		err = s.record.Close()
	}), 0)
	if err != nil {
		s.w.fail("close: %v", err)
	}
	s.w.fs = s.w.fs.Kill()
	s.w.faultProfile = faultProfile{}
	s.w.model.restart()
}

// kill ends the goroutines of a server whose disk is dead.
func (s *server) kill() {
	s.clients.end()
	_ = s.store.Drain(context.Background())
	_ = s.recent.Close(context.Background())
	_ = s.record.Close()
}
