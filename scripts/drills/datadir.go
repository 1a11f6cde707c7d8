package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"verbatim/protocol"
)

var dataDir = drill{
	name: "datadir", root: true,
	about: "the data directory turns read-only, is moved away, changes its owner, under load; or is so at the start",
	run: func(r *run) error {
		if err := r.refusedFolders(); err != nil {
			return err
		}
		// Each takes time: what is open, tens of megabytes, must be used up first.
		harms := []folderHarm{movedAway, readOnly, anothers}
		for _, harm := range harms[:r.long(len(harms), 1)] {
			r.say("%s", harm.what)
			if err := r.harmFolder(harm); err != nil {
				return fmt.Errorf("%s: %w", harm.what, err)
			}
		}
		return r.removedFolder()
	},
}

// folderHarm is what befalls a folder under a running server: harm, and heal.
type folderHarm struct {
	what       string
	harm, heal func(d *disk, s *server) error
	nobody     bool // the server runs as nobody
}

var readOnly = folderHarm{what: "read-only",
	// A mount over it: what is open stays writable, whatever is opened from now on is not.
	harm: func(d *disk, s *server) error {
		if err := d.inside("mount", "--bind", s.data, s.data); err != nil {
			return err
		}
		return d.inside("mount", "-o", "remount,ro,bind", s.data)
	},
	heal: func(d *disk, s *server) error { return d.inside("umount", "-l", s.data) },
}

var movedAway = folderHarm{what: "moved away",
	harm: func(d *disk, s *server) error { return os.Rename(s.files(), s.files()+".away") },
	heal: func(d *disk, s *server) error {
		if _, err := os.Stat(s.files()); err == nil {
			s.r.miss("the server made a new folder where its own had been moved away: two records")
			return errBroken
		}
		return os.Rename(s.files()+".away", s.files())
	},
}

var anothers = folderHarm{what: "another user's", nobody: true,
	harm: func(d *disk, s *server) error { return d.inside("chown", "-R", "daemon:daemon", s.data) },
	heal: func(d *disk, s *server) error { return d.inside("chown", "-R", "nobody:nogroup", s.data) },
}

// asNobody is what runs as another user than this one.
var asNobody = []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}

// harmFolder lets a folder be harmed under load until sends are refused, or for a while, and healed; then all is there.
func (r *run) harmFolder(h folderHarm) error {
	d, err := r.newDisk(700)
	if err != nil {
		return err
	}
	s, err := d.serve()
	if err != nil {
		return err
	}
	if h.nobody {
		s.under = append(s.under, asNobody...)
		if err := os.MkdirAll(s.files(), 0o700); err != nil {
			return err
		}
		if err := d.inside("chown", "-R", "nobody:nogroup", s.data); err != nil {
			return err
		}
	}
	if err := s.start(); err != nil {
		return err
	}
	busy := storm
	busy.every, busy.size, busy.readers = 5*time.Millisecond, 15000, 1 // what is open must be used up first
	t, err := r.begin(s, busy)
	if err != nil {
		return err
	}
	if err := t.moreAcks(50); err != nil {
		return err
	}
	if err := h.harm(d, s); err != nil {
		return err
	}
	acked := t.acked.Load()
	refused := r.wait(time.Minute, func() bool { return t.checker.Counts().Unavailable > 50 || r.broken() })
	acked = t.acked.Load() - acked
	if r.broken() {
		return errBroken
	}
	if err := h.heal(d, s); err != nil {
		return err
	}
	began := time.Now()
	if err := t.moreAcks(50); err != nil {
		return err
	}
	t.eased.Store(true) // the audits read all that was written, and must come to its end
	r.count("%s: %d more acks, refused then: %v; 50 acks %.1f s after it was healed",
		h.what, acked, refused, time.Since(began).Seconds())
	if err := t.audit(); err != nil {
		return err
	}
	t.disturb("kill -9", func() {
		s.kill()
		err = s.start()
	})
	if err != nil {
		return err
	}
	if err := t.audit(); err != nil {
		return err
	}
	if err := t.finish(); err != nil {
		return err
	}
	if err := d.unmount(); err != nil {
		return err
	}
	d.holder.kill()
	return os.RemoveAll(d.path)
}

// removedFolder removes the folder under a running server. What was acked before is gone by our own hand; what is
// asked of the server is that it acks nothing more, since none of that would be there after its end.
func (r *run) removedFolder() error {
	r.say("removed")
	s, err := r.serve()
	if err != nil {
		return err
	}
	t, err := r.newTraffic(s, storm)
	if err != nil {
		return err
	}
	c, err := t.dial(r.ctx, "ann")
	if err != nil {
		return err
	}
	defer c.end("the drill is over")
	send := func(id string) ([]*pending, error) {
		return t.play(c, []*pending{{conversation: "room-0", id: protocol.MessageID(id), text: id}})
	}
	left, err := send("before")
	if err != nil {
		return fmt.Errorf("the first message: %w", err)
	}
	if len(left) > 0 {
		return errors.New("the first message was not acked")
	}
	if err := os.RemoveAll(s.files()); err != nil {
		return err
	}
	const tries = 20
	for i := range tries {
		left, err := send(fmt.Sprintf("after-%d", i))
		if err != nil {
			return err
		}
		if len(left) == 0 {
			r.miss("promise 1: an ack came after the data directory had been removed")
			break
		}
	}
	if s.ready() {
		r.miss("/readyz says ready while nothing can be recorded")
	}
	if _, err := os.Stat(filepath.Join(s.files(), "journal")); err == nil {
		r.miss("the server made a new record where its own had been removed")
	}
	r.count("removed: %d sends refused", tries)
	s.kill()
	return nil
}

// refusedFolders starts servers where they cannot record: each says so in one line and exits 2.
func (r *run) refusedFolders() error {
	d := &disk{r: r}
	if err := d.hold(); err != nil {
		return err
	}
	defer d.holder.kill()
	fixed, foreign := filepath.Join(r.dir, "read-only"), filepath.Join(r.dir, "foreign")
	for _, dir := range []string{fixed, foreign} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	if err := d.inside("mount", "--bind", fixed, fixed); err != nil {
		return err
	}
	if err := d.inside("mount", "-o", "remount,ro,bind", fixed); err != nil {
		return err
	}
	for _, start := range []struct {
		what, data string
		under      []string
	}{{"a read-only folder", fixed, nil}, {"another user's folder", foreign, asNobody}} {
		s, err := d.serve()
		if err != nil {
			return err
		}
		s.data, s.under = start.data, append(s.under, start.under...)
		p, err := s.launch()
		if err != nil {
			return err
		}
		code := p.exits(time.Minute)
		said := strings.TrimSpace(p.output.String())
		if code != 2 || said == "" || strings.Contains(said, "\n") {
			r.miss("a start on %s: exit code %d, it said %q; want 2 and one line", start.what, code, said)
		}
	}
	r.count("2 starts refused")
	return nil
}
