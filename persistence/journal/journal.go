// Package journal is the write-ahead log of all conversations: lines of transcripts, and read marks, that are committed
// and not yet synced where they belong. It knows a conversation's id, an offset and lines, and no conversation's state.
//
// The committer (committer.go, group.go) takes what all conversations propose while the last group is being synced, and
// the writer (writer.go) puts it into a segment as one block, with one sync. The preparer (preallocate.go) makes
// segments ahead of need. segment.go and item.go are the format; find.go and recover.go read a folder at a start, or
// beside a running server.
//
// # Concurrency
//
// A Journal has two goroutines, the committer and the preparer; Close waits for both. No two locks are held together,
// and none across I/O.
package journal

import (
	"context"
	"math"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence/vfs"
)

// Journal is what is committed and not yet synced into transcripts. Its methods may be called from any goroutine.
type Journal struct {
	fs        vfs.FS
	writer    *writer
	committer *committer
	preparer  *preparer

	stop       context.CancelFunc // ends the preparer, and whatever waits for the committer
	committing sync.WaitGroup
	preparing  sync.WaitGroup
}

// Options are a journal's. All but the last three must be set.
type Options struct {
	FS          vfs.FS
	Dir         string        // the journal's folder
	Owner       string        // the data directory's id
	SegmentSize int64         // bytes, a multiple of BlockAlign
	Recovered   *Recovery     // what Recover has found
	Full        func()        // asks for a checkpoint; it must not wait
	Yield       func()        // lets others go on between two groups
	Retry       time.Duration // how long to wait before what the disk refused is tried again
	Log         zerolog.Logger

	OnCommit func(entries, bytes int, took time.Duration) // after each sync, called by the committer; nil: nobody asks
	MaxLive  int                                          // of live segments; 0: LiveSegments
}

// Start starts a journal's two goroutines, the committer and the preparer of segments. Close ends both.
func Start(o Options) *Journal {
	ctx, stop := context.WithCancel(context.Background())
	if o.MaxLive == 0 {
		o.MaxLive = LiveSegments
	}
	p := newPreparer(ctx, o.FS, o.Dir, o.SegmentSize, o.Retry, o.Log)
	live := o.Recovered.Live
	w := &writer{
		fs: o.FS, dir: o.Dir, owner: o.Owner, size: o.SegmentSize, prepared: p, most: o.MaxLive,
		live: live, bound: max(o.MaxLive, len(live)+1), changed: make(chan struct{}),
	}
	k := &committer{
		w: w, full: o.Full, observe: o.OnCommit, yield: o.Yield, log: o.Log, ctx: ctx, retry: o.Retry,
		wake: make(chan struct{}, 1), marks: make(map[markKey]MarkItem),
	}
	j := &Journal{fs: o.FS, writer: w, committer: k, preparer: p, stop: stop}
	j.preparing.Go(func() { p.run(o.Recovered.Next) }) // waits for room and for the disk; ends with ctx
	j.committing.Go(k.run)                             // waits for work and for the disk; ends with its close
	return j
}

// Submit hands proposals over, in one piece where they are small. Each is answered: answered.Done is called once for
// it, and its Err says how it went.
func (j *Journal) Submit(proposals []*Proposal, answered *sync.WaitGroup) {
	j.committer.submit(proposals, answered)
}

// Mark takes a read mark along with the next group, or writes it within MarkDelay.
func (j *Journal) Mark(m MarkItem) { j.committer.mark(m) }

// Rotate ends the current segment, and returns the last number that is in use: what was committed before is in segments
// up to that, and what comes after is not. 0: there is no segment.
func (j *Journal) Rotate() (uint64, error) { return j.committer.rotate() }

// RemoveUpTo removes the segments up to a number, which a synced catalogue has made needless.
func (j *Journal) RemoveUpTo(number uint64) error { return j.writer.removeUpTo(number) }

// Ready returns why nothing can be committed at the moment, or nil.
func (j *Journal) Ready() error {
	if err := j.committer.state(); err != nil {
		return err
	}
	return j.writer.lacking()
}

// Usage returns the bytes of the live segments, and how many there are.
func (j *Journal) Usage() (bytes int64, segments int) { return j.writer.usage() }

// SyncErrors returns how many syncs of a segment have failed.
func (j *Journal) SyncErrors() int64 { return j.writer.syncErrors.Load() }

// Paths returns where the live segments are, oldest first. The last one is written to.
func (j *Journal) Paths() (paths []string) {
	for _, s := range j.writer.upTo(math.MaxUint64) {
		paths = append(paths, s.path)
	}
	return paths
}

// Prepared returns how many segments are ready that nothing is written to yet.
func (j *Journal) Prepared() int { return len(j.preparer.ready) }

// Lines visits all lines in live segments, oldest first. visit must not keep the item's Lines.
func (j *Journal) Lines(visit func(LinesItem) error) error {
	var buf []byte
	for _, s := range j.writer.upTo(math.MaxUint64) {
		f, err := j.fs.Open(s.path, os.O_RDONLY)
		if err != nil {
			return err
		}
		buf, err = readSegment(f, buf)
		_ = f.Close()
		if err != nil {
			return err
		}
		if _, err = scanItems(buf, s.number, s.path, s.used, Visitor{Lines: visit}); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the goroutines, once what was submitted is answered, and removes the segments that were prepared for
// nothing. Nothing may be submitted any more.
func (j *Journal) Close() {
	j.committer.close()
	j.committing.Wait()
	j.stop()
	j.preparing.Wait()
	j.preparer.discardAll()
}

// Kill ends the goroutines, and leaves the files as they are, as kill -9 does as far as a test can.
func (j *Journal) Kill() {
	j.stop()
	j.committer.close()
	j.committing.Wait()
	j.preparing.Wait()
}
