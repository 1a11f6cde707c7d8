package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence"
	"verbatim/persistence/disk"
	"verbatim/persistence/history"
)

// habits are what the seed decides once for all lives of a world.
type habits struct {
	segment            int64
	lives, steps       int
	disk, acts, pauses int // weights: how often somebody at the disk goes on, a client does something, time passes
	big                int // one message in that many is big
	huge               bool
	skew               time.Duration
}

func drawHabits(random *rand.Rand) habits {
	return habits{
		segment: []int64{16 << 10, 32 << 10, 64 << 10}[random.IntN(3)],
		lives:   1 + random.IntN(5), steps: 40 << random.IntN(4),
		disk: 2 + random.IntN(8), acts: 1 + random.IntN(4), pauses: random.IntN(3),
		big: 4 + random.IntN(40), huge: random.IntN(20) == 0,
	}
}

// server is what one life runs.
type server struct {
	w       *world
	record  *disk.Record
	recent  *history.Memory
	store   *persistence.Store
	clients clients
	faults  int // that the world had seen before
}

// clients are those who use a server: directly, or through sessions.
type clients interface {
	act()  // one of them does something; the driver calls it
	heal() // each of them sends something that must be acked
	hung() string
	end() // they are gone; called when the server is dead or drained
}

// parkingRecord is a record whose commits begin when the driver says so.
type parkingRecord struct {
	*disk.Record
	w *world
}

func (p parkingRecord) Commit(turns []*persistence.Turn) {
	what := "commit"
	for _, t := range turns {
		what += fmt.Sprintf(" %s %s", t.Conversation, t.Sends[0].Ref)
	}
	p.w.park(what, nil)
	p.Record.Commit(turns)
}

func (p parkingRecord) Recall(ctx context.Context, send *persistence.Send) error {
	err := p.Record.Recall(ctx, send)
	if send.ID == "" || !send.Since.Set {
		return err // that only looks at the clock
	}
	p.w.park("recalled "+send.Ref, nil) // so that it is not queued while its writer looks for more
	return err
}

// open starts a record; nil: it failed, or the world ended meanwhile, and crashed says which.
func (w *world) open(crashAt int) (r *disk.Record, crashed bool) {
	h := &w.habits
	var err error
	now := func() time.Time { return time.Now().Add(h.skew).Round(0) }
	fsys := w.fs
	before := w.faults.get() + w.misread.get()
	opened := w.run(func() {
		r, err = disk.Open(context.Background(), dataDir, disk.Options{Log: zerolog.Nop(), Now: now, FS: fsys, SegmentSize: h.segment, IDs: idsFor,
			Yield: func() { w.park("gather", nil) }})
	})
	if !w.until(opened, crashAt) {
		w.crash(w.random.IntN(2) == 0, func() {
			<-opened
			if r != nil {
				_ = r.Close() // nobody is told
			}
		})
		return nil, true
	}
	w.trace("open: %v", err)
	if err != nil {
		if w.calm.Load() || w.faults.get()+w.misread.get() == before {
			w.fail("a start was refused: %v\n%s", err, w.fs)
		}
		return nil, false
	}
	return r, false
}

// live runs one life: a start, people who talk, an end. It says whether the world is to go on.
func (w *world) live(make func(*server) clients) bool {
	h := &w.habits
	w.calm.Store(w.random.IntN(3) == 0)
	w.weather = drawWeather(w.random)
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
	if r == nil { // once more, as who runs it would, when the disk is mended
		w.calm.Store(true)
		if r, _ = w.open(0); r == nil {
			return false
		}
	}
	s := w.serve(r)
	stormy := !w.calm.Load()
	if w.random.IntN(2) == 0 {
		w.calm.Store(true)
		whole := w.random.IntN(2) == 0
		w.until(w.run(func() { w.model.check("after a start", s.record, whole) }), 0)
	}
	w.calm.Store(!stormy)
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
	s := &server{w: w, record: r, faults: w.faults.get() + w.misread.get(), recent: history.NewMemory(history.Options{Log: zerolog.Nop(), Size: 20})}
	s.store = persistence.New(parkingRecord{r, w}, s.recent, 20, zerolog.Nop())
	return s
}

// talk lets people talk for so many steps.
func (w *world) talk(s *server, steps int) {
	h := &w.habits
	for end := w.steps.get() + steps; w.steps.get() < end && !w.broken(); {
		w.settle()
		switch at := w.random.IntN(h.disk + h.acts + h.pauses); {
		case at < h.disk && w.letOn(false):
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

// pass lets some time pass: now and then more than a timer here or there bears.
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

// heal mends the disk, and sees to it that service comes back by itself.
func (s *server) heal() {
	w := s.w
	w.calm.Store(true)
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

// close ends the server as it should end, on a disk that is well.
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
	s.w.weather = weather{}
	s.w.model.rise()
}

// kill ends what is left of a server whose disk is dead.
func (s *server) kill() {
	s.clients.end()
	_ = s.store.Drain(context.Background())
	_ = s.recent.Close(context.Background())
	_ = s.record.Close()
}

// play runs a world from its beginning to its end.
func (w *world) play(make func(*server) clients) {
	w.habits = drawHabits(w.random)
	for range w.habits.lives {
		if !w.live(make) {
			return
		}
		if w.random.IntN(2) == 0 {
			w.calm.Store(true)
			w.until(w.run(func() { w.model.verify("after a crash", w.fs) }), 0)
		}
		if w.random.IntN(12) == 0 {
			w.fs.Spoil(dataDir + "/catalogue") // it is a cache: whoever runs the server may lose it
			w.trace("spoil %s", dataDir+"/catalogue")
		}
	}
	w.calm.Store(true)
	r, _ := w.open(0)
	if r == nil {
		return
	}
	s := w.serve(r)
	w.until(w.run(func() { w.model.check("at the end", s.record, true) }), 0)
	s.clients = make(s)
	s.close()
	w.until(w.run(func() { w.model.verify("at the end", w.fs) }), 0)
}
