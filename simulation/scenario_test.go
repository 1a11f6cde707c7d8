package simulation

import (
	"math/rand/v2"
	"time"
)

// scenario is what the seed decides once, for all incarnations of the server in a world.
type scenario struct {
	segment             int64
	incarnations, steps int
	disk, acts, pauses  int // weights: how often a goroutine goes on, a client acts, time passes
	big                 int // one message in that many is big
	huge                bool
	skew                time.Duration
}

func drawScenario(random *rand.Rand) scenario {
	return scenario{
		segment:      []int64{16 << 10, 32 << 10, 64 << 10}[random.IntN(3)],
		incarnations: 1 + random.IntN(5), steps: 40 << random.IntN(4),
		disk: 2 + random.IntN(8), acts: 1 + random.IntN(4), pauses: random.IntN(3),
		big: 4 + random.IntN(40), huge: random.IntN(20) == 0,
	}
}

// play runs a world from its beginning to its end.
func (w *world) play(make func(*server) clients) {
	w.scenario = drawScenario(w.random)
	for range w.scenario.incarnations {
		if !w.live(make) {
			return
		}
		if w.random.IntN(2) == 0 {
			w.healthy.Store(true)
			w.until(w.run(func() { w.model.verify("after a crash", w.fs) }), 0)
		}
		if w.random.IntN(12) == 0 {
			w.fs.Spoil(dataDir + "/catalogue") // it is a cache, which an operator may lose
			w.trace("spoil %s", dataDir+"/catalogue")
		}
	}
	w.healthy.Store(true)
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
