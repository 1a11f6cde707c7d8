package vfs

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// volumeFrom is from how many files on the volume is synced, and not each of them. So 10,000 take 0.05 to 0.3 s; one by
// one they take 1 to 2 s, in which the journal's syncs wait behind each of theirs.
const volumeFrom = 256

// volume is a file system that syncfs(2) can be trusted with.
type volume struct{ *os.File }

// trusted are the types of the file systems whose syncfs brings bytes and sizes to the disk and waits for its cache.
// That of others may not: FUSE's does not wait for the program behind it.
var trusted = []int64{unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC}

// Volume is FS's. Before Linux 5.8 syncfs told of no error.
func (OS) Volume(dir string) (Volume, int) {
	var name unix.Utsname
	var stat unix.Statfs_t
	if unix.Uname(&name) != nil || unix.Statfs(dir, &stat) != nil || !slices.Contains(trusted, int64(stat.Type)) {
		return nil, 0
	}
	var major, minor int
	n, _ := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &major, &minor)
	if n != 2 || major < 5 || major == 5 && minor < 8 {
		return nil, 0
	}
	d, err := openFolder(dir)
	if err != nil {
		return nil, 0
	}
	return volume{d}, volumeFrom
}

// Sync is Volume's.
func (v volume) Sync() error {
	for {
		err := unix.Syncfs(int(v.Fd()))
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
