package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// volumeFrom is from how many transcripts on the volume is synced, and not each of them: 10,000 take 0.05 to 0.3 s so, and
// 1 to 2 s one by one, in which the journal's syncs wait behind each of theirs.
const volumeFrom = 256

// volume is a file system that syncfs(2) can be trusted with.
type volume struct{ *os.File }

// trusted are the file systems whose syncfs brings bytes and sizes to the disk and waits for its cache. That of others may
// stop short of that: FUSE's, before the program behind it.
var trusted = []int64{unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC}

// Volume is FileSystem's. Before Linux 5.8 syncfs told of no error.
func (osFS) Volume(dir string) (Volume, int) {
	var name unix.Utsname
	var stat unix.Statfs_t
	if unix.Uname(&name) != nil || unix.Statfs(dir, &stat) != nil || !slices.Contains(trusted, int64(stat.Type)) {
		return nil, 0
	}
	var major, minor int
	if n, _ := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &major, &minor); n != 2 || major < 5 || major == 5 && minor < 8 {
		return nil, 0
	}
	d, err := openFolder(dir)
	if err != nil {
		return nil, 0
	}
	return volume{d}, volumeFrom
}

func (v volume) Sync() error {
	for {
		err := unix.Syncfs(int(v.Fd()))
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// syncVolume writes transcripts and syncs the volume. It gives those that must be synced by calls of their own: where the
// volume's fails all of them, since it does not say whose fault that was, and it may be a stranger's.
func (k *checkpoints) syncVolume(ctx context.Context, dirty []*conversation) (left []*conversation) {
	type reach struct {
		c       *conversation
		written int64
	}
	begun := make([]reach, 0, len(dirty))
	for _, c := range dirty {
		c.mu.Lock()
		alone := c.suspect || c.alone
		c.mu.Unlock()
		if alone || ctx.Err() != nil || k.r.flusher.write(c) != nil { // the error comes again there, and is told
			left = append(left, c)
			continue
		}
		c.mu.Lock()
		begun = append(begun, reach{c, c.written})
		c.mu.Unlock()
	}
	if len(begun) == 0 {
		return left
	}
	if err := k.r.volume.Sync(); err != nil {
		k.r.log.Warn().Err(err).Msg("the file system could not be synced: transcripts are synced one by one")
		for _, b := range begun {
			left = append(left, b.c)
		}
		// What was written since this checkpoint began is for the next one; but the volume tells of an error once, whosever it is.
		there := make(map[*conversation]bool, len(left))
		for _, c := range left {
			there[c] = true
		}
		for _, c := range k.take() {
			if !there[c] {
				left = append(left, c)
			}
		}
		for _, c := range left {
			c.mu.Lock()
			c.alone = true
			c.failures++
			c.mu.Unlock()
		}
		return left
	}
	for _, b := range begun {
		b.c.mu.Lock()
		b.c.synced = max(b.c.synced, b.written)
		b.c.mu.Unlock()
	}
	return left
}
