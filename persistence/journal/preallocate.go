package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence/vfs"
)

// RetryAfter is how long a record waits before it tries again what the disk refused, unless its owner says otherwise.
const RetryAfter = 500 * time.Millisecond

// firstWait is how long Ready waits for the first segment, or for the disk to refuse it.
const firstWait = 500 * time.Millisecond

// ErrPreparing says that nothing can be committed yet.
var ErrPreparing = errors.New("journal: its first segment is still being made")

// ErrClosed says that the record is being closed.
var ErrClosed = errors.New("record: it is closed")

// preparer makes zeroed, synced segments ahead of need, in a goroutine of its own. A group is then written over blocks
// that the file system has, so that its sync changes no metadata (7,100 a second against 4,000), and no group
// finds the disk full.
type preparer struct {
	fs     vfs.FS // fixed
	dir    string // fixed
	size   int64  // fixed: of a segment
	retry  time.Duration
	log    zerolog.Logger
	ready  chan *Segment
	failed chan error // an error for who waits; nobody closes either

	ctx   context.Context
	tried chan struct{} // closed by run once the first segment is made, or was refused

	mu      sync.Mutex
	lacking error // guarded by mu: why the last segment could not be made, or nil
}

func newPreparer(
	ctx context.Context, fs vfs.FS, dir string, size int64, retry time.Duration, log zerolog.Logger,
) *preparer {
	return &preparer{
		fs: fs, dir: dir, size: size, retry: retry, log: log, ctx: ctx,
		ready: make(chan *Segment, AheadSegments-1), failed: make(chan error), tried: make(chan struct{}),
	}
}

// run prepares segments from that number on, until the context ends; it waits for room in ready, and after a failure.
func (p *preparer) run(number uint64) {
	first := sync.OnceFunc(func() { close(p.tried) })
	try := func() (*Segment, error) {
		s, err := p.make(number)
		p.outcome(err)
		first()
		return s, err
	}
	for ; ; number++ {
		s, err := try()
		for err != nil {
			select {
			case p.failed <- err:
			case <-time.After(p.retry):
			case <-p.ctx.Done():
				return
			}
			s, err = try()
		}
		select {
		case p.ready <- s:
		case <-p.ctx.Done():
			p.discard(s)
			return
		}
	}
}

// outcome notes how the last try went, and logs where that is another way than before.
func (p *preparer) outcome(err error) {
	p.mu.Lock()
	before := p.lacking
	p.lacking = err
	p.mu.Unlock()
	if err != nil && before == nil {
		p.log.Error().Err(err).
			Msg("the journal gets no further segment: when those that it has are full nothing can be recorded; " +
				"it is tried again")
	} else if err == nil && before != nil {
		p.log.Info().Msg("the journal gets segments again")
	}
}

// state returns why no segment is to be had, or nil. It waits for the outcome of the first try, firstWait at most.
func (p *preparer) state() error {
	timer := time.NewTimer(firstWait)
	defer timer.Stop()
	select {
	case <-p.tried:
	case <-p.ctx.Done():
		return ErrClosed
	case <-timer.C:
		return ErrPreparing
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lacking
}

// take returns the next segment. It waits while one is being made, and not longer than until the disk refuses it.
func (p *preparer) take() (*Segment, error) {
	select {
	case s := <-p.ready:
		return s, nil
	default:
	}
	s, err := p.await()
	if err != nil {
		return p.await() // that was how it stood up to a retry ago; having been told, run tries anew
	}
	return s, nil
}

func (p *preparer) await() (*Segment, error) {
	select {
	case s := <-p.ready:
		return s, nil
	case err := <-p.failed:
		return nil, err
	case <-p.ctx.Done():
		return nil, ErrClosed
	}
}

// discardAll removes what was prepared for nothing; run has ended.
func (p *preparer) discardAll() {
	for {
		select {
		case s := <-p.ready:
			p.discard(s)
		default:
			return
		}
	}
}

func (p *preparer) discard(s *Segment) {
	_ = s.file.Close()
	_ = p.fs.Remove(s.path) // a start removes what is left
}

func (p *preparer) make(number uint64) (*Segment, error) {
	path := SegmentPath(p.dir, number)
	// Asked before it is tried: a try would fill the disk for a moment, again and again, for all who use it.
	free, err := p.fs.Space(p.dir)
	if err == nil && free < p.size {
		err = fmt.Errorf("it takes %d bytes, and its disk has %d: %w", p.size, free, syscall.ENOSPC)
	}
	var f vfs.File
	if err == nil {
		f, err = p.fs.Open(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	}
	if err != nil {
		return nil, fmt.Errorf("journal: prepare %s: %w", path, vfs.Advised(err))
	}
	for off := int64(0); off < p.size && err == nil; off += int64(len(zeros)) {
		err = vfs.WriteFull(f, zeros[:min(int64(len(zeros)), p.size-off)], off)
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = p.fs.SyncDir(p.dir)
	}
	if err != nil {
		_ = f.Close()
		_ = p.fs.Remove(path)
		return nil, fmt.Errorf("journal: prepare %s, which takes %d bytes: %w", path, p.size, vfs.Advised(err))
	}
	return &Segment{number: number, path: path, file: f}, nil
}
