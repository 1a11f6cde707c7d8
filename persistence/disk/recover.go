package disk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"verbatim/persistence"
	"verbatim/persistence/datadir"
	"verbatim/persistence/journal"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// load brings the record to where it was: the catalogue, and over it what the journal says, and for what neither knows
// the transcripts themselves.
func (r *Record) load(ctx context.Context) (*loaded, error) {
	known, floor, trusted, err := r.loadCatalogue()
	if err != nil {
		return nil, err
	}
	there, strangers, err := transcript.List(r.fs, r.files.Dir)
	if err != nil {
		return nil, err
	}
	r.warnOf(strangers, r.files.Dir)
	p := &replay{
		fs: r.fs, files: r.files, log: r.log, known: known, replayed: make(map[protocol.ConversationID]*replayed),
		recovered: &r.recovered,
	}
	s := &loaded{}
	if s.journal, err = r.replay(ctx, p, floor, trusted); err != nil {
		return nil, err
	}
	if s.dirty, err = p.end(ctx); err != nil {
		return nil, err
	}
	for id, c := range known {
		if !there[id] && p.replayed[id] == nil {
			r.log.Warn().Str("conversation", string(c.id)).Msg("a transcript was removed: the conversation is gone")
			delete(known, id)
			s.stale = true
			r.recovered.note(func(x *Recovered) { x.Gone++ })
		}
	}
	adopted, err := r.adopt(ctx, known, there)
	if err != nil {
		return nil, err
	}
	r.registry.fill(known)
	r.recovered.note(func(x *Recovered) {
		x.Conversations, x.Adopted, x.Replayed = len(known), adopted, len(s.dirty)
		for _, c := range known {
			if c.damage != nil {
				x.Refused++
			}
		}
	})
	s.marks, s.floor = p.marks, floor
	s.stale = s.stale || adopted > 0 || !trusted && len(known) > 0
	return s, nil
}

func (r *Record) loadCatalogue() (
	known map[protocol.ConversationID]*conversation, floor uint64, trusted bool, err error,
) {
	cat, there, err := datadir.ReadCatalogue(r.fs, r.dir)
	if err != nil {
		return nil, 0, false, err
	}
	// The next one is written aside. Where it could not be, no checkpoint would succeed, and the journal grow to its
	// bound.
	if err := vfs.ForeignAt(r.fs, datadir.CataloguePath(r.dir)+vfs.AsideSuffix); err != nil {
		return nil, 0, false, fmt.Errorf("catalogue: %w", err)
	}
	if cat == nil {
		if there {
			r.log.Warn().Msg("the catalogue is not whole: it is made again from the transcripts")
		}
		return make(map[protocol.ConversationID]*conversation), 0, false, nil
	}
	known = make(map[protocol.ConversationID]*conversation, len(cat.Entries))
	all := make([]conversation, len(cat.Entries))
	for i := range cat.Entries {
		e, c := &cat.Entries[i], &all[i]
		c.id, c.tail = e.ID, persistence.Tail(e.End)
		c.size, c.written, c.synced = e.Size, e.Size, e.Size
		known[c.id] = c
	}
	return known, cat.Floor, true, nil
}

// strangersNamed bounds how many names a warning lists.
const strangersNamed = 10

// warnOf tells of names in a folder of the record that are not the record's.
func (r *Record) warnOf(strangers []string, dir string) {
	if len(strangers) > 0 {
		named := strangers[:min(len(strangers), strangersNamed)]
		r.log.Warn().Str("folder", dir).Strs("names", named).Int("count", len(strangers)).
			Msg("what is not the record's is passed over: " +
				"move it out of here, or give it its right name, and start again")
	}
}

// replay applies the journal.
func (r *Record) replay(ctx context.Context, p *replay, floor uint64, trusted bool) (*journal.Recovery, error) {
	dir := filepath.Join(r.dir, "journal")
	o := journal.RecoverOptions{
		FS: r.fs, Dir: dir, Floor: floor, Known: trusted,
		SegmentSize: r.opts.SegmentSize, Progress: r.opts.Progress,
	}
	found, err := journal.Recover(ctx, o, journal.Visitor{
		Lines: p.run,
		Mark:  func(m journal.MarkItem) error { p.marks = append(p.marks, m); return nil },
	})
	if err != nil {
		return nil, err
	}
	r.warnOf(found.Strangers, dir)
	r.recovered.note(func(x *Recovered) { x.Clean, x.Segments, x.Torn = found.Clean, len(found.Live), found.Torn })
	return found, nil
}

// adopters is how many transcripts are adopted at a time.
const adopters = 4

// adopt takes in transcripts that neither the catalogue nor the journal knows: all of them where the catalogue is lost.
// It reads their first and their last line.
func (r *Record) adopt(
	ctx context.Context, known map[protocol.ConversationID]*conversation, there map[protocol.ConversationID]bool,
) (int, error) {
	var strangers []*conversation
	for _, id := range slices.Sorted(maps.Keys(there)) { // a start does the same things in the same order each time
		if known[id] == nil {
			strangers = append(strangers, &conversation{id: id})
		}
	}
	var mu sync.Mutex // Progress has one caller at a time
	done, total := int64(0), int64(len(strangers))
	group, ended := errgroup.WithContext(ctx)
	group.SetLimit(adopters)
	for _, c := range strangers {
		if ended.Err() != nil {
			break
		}
		group.Go(func() error { // adopt's own; waits for the disk
			err := r.adoptOne(c)
			mu.Lock()
			defer mu.Unlock()
			if done++; done%1000 == 0 || done == total {
				r.opts.Progress(done, total)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}

	for _, c := range strangers {
		known[c.id] = c
	}
	return len(strangers), nil
}

// adoptOne reads how far a transcript goes. One that does not begin and end as it must is a refused conversation, and
// so is one in whose place something else is: its name is taken.
func (r *Record) adoptOne(c *conversation) error {
	path := r.files.Path(c.id)
	f, err := r.fs.Open(path, os.O_RDONLY)
	var foreign *vfs.ForeignError
	if errors.As(err, &foreign) {
		c.damage = fmt.Errorf("transcript: %w", foreign)
		r.log.Error().Err(c.damage).Str("conversation", string(c.id)).Msg(refusedConversation)
		return nil
	}
	if err != nil {
		return fmt.Errorf("transcript: %w", &vfs.FileError{Path: path, Err: err})
	}
	defer f.Close()
	end, size, err := transcript.ReadEnds(f, c.id)
	c.tail, c.size = persistence.Tail(end), size
	var broken *transcript.IntegrityError
	if errors.As(err, &broken) {
		broken.Path = path
		c.damage, err = broken, nil
		r.log.Error().Err(broken).Str("conversation", string(c.id)).Msg(refusedConversation)
	}
	if err != nil {
		return fmt.Errorf("transcript: %w", &vfs.FileError{Path: path, Err: err})
	}
	c.written, c.synced, c.checked = c.size, c.size, c.damage == nil
	return nil
}
