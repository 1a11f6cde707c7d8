package simulation

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattn/go-isatty"
)

// progress counts what the workers report, and shows it on a terminal. It keeps the end of each worker's output in case
// it fails.
type progress struct {
	t     *testing.T
	world string
	total int
	begun time.Time
	line  bool // stderr is a terminal

	mu                                    sync.Mutex
	seeds, steps, acks, refusals, crashes int
	shown                                 time.Time
	failed                                string // the seed; read when the workers have ended
}

// output is the output of one worker.
type output struct {
	p    *progress
	tail []byte // of the output, without the lines that are counted
	seed string // the present one
}

// keep is the maximum output of a failing worker that is shown, in bytes.
const keep = 20_000

func newProgress(t *testing.T, world string, total int) *progress {
	return &progress{t: t, world: world, total: total, begun: time.Now(), line: isatty.IsTerminal(os.Stderr.Fd())}
}

// Write takes a worker's output. os/exec calls it from one goroutine for each worker.
func (o *output) Write(b []byte) (int, error) {
	o.tail = append(o.tail, b...)
	for {
		n := bytes.IndexByte(o.tail, '\n')
		if n < 0 || !bytes.HasPrefix(o.tail, []byte("seed ")) && !bytes.HasPrefix(o.tail, []byte("done ")) {
			break
		}
		if line := string(o.tail[:n]); strings.HasPrefix(line, "done ") {
			o.p.done(line)
		} else {
			o.seed = strings.TrimPrefix(line, "seed ")
		}
		o.tail = o.tail[n+1:]
	}
	return len(b), nil
}

func (p *progress) done(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var steps, acks, refusals, crashes int
	if _, err := fmt.Sscanf(line, "done %d %d %d %d", &steps, &acks, &refusals, &crashes); err != nil {
		p.t.Errorf("a worker says %q", line)
	}
	p.seeds++
	p.steps += steps
	p.acks += acks
	p.refusals += refusals
	p.crashes += crashes
	if now := time.Now(); p.line && now.Sub(p.shown) > 200*time.Millisecond {
		p.shown = now
		fmt.Fprintf(os.Stderr, "\r%s: %s \x1b[K", p.world, p)
	}
}

func (p *progress) String() string {
	per := float64(p.seeds) / max(time.Since(p.begun).Seconds(), 0.001)
	return fmt.Sprintf("%d of %d seeds, %d crashes, %d acks, %d refused sends, %d steps, %.0f seeds/s",
		p.seeds, p.total, p.crashes, p.acks, p.refusals, p.steps, per)
}

// fail reports a failed worker.
func (p *progress) fail(o *output, err error) {
	p.mu.Lock()
	p.failed = o.seed
	p.mu.Unlock()
	text := o.tail
	if len(text) > keep {
		text = append(append(text[:keep/2:keep/2], "\n[…]\n"...), text[len(text)-keep/2:]...)
	}
	p.t.Errorf("%s: seed %s: %v\n%s\nrun it again: go test ./simulation -run '^%s$' -v -seed %s",
		p.world, o.seed, err, text, p.t.Name(), o.seed)
}

func (p *progress) end() {
	if p.line {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.t.Failed() && p.seeds != p.total {
		p.t.Errorf("%s: %d seeds have run, want %d", p.world, p.seeds, p.total)
	}
	p.t.Logf("%s: %s", p.world, p)
}
