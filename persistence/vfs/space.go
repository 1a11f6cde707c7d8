package vfs

import (
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// readOnly is ST_RDONLY of statfs(2), a mount's flag as well as a file system's.
const readOnly = 1

// Space is FS's. Root may use what a file system keeps for root.
func (OS) Space(dir string) (free int64, err error) {
	var stat unix.Statfs_t
	for err = unix.EINTR; err == unix.EINTR; {
		err = unix.Statfs(dir, &stat)
	}
	if err != nil {
		return 0, fmt.Errorf("ask the file system of %s: %w", dir, err)
	}
	blocks := stat.Bavail
	if os.Geteuid() == 0 {
		blocks = stat.Bfree
	}
	switch {
	case stat.Flags&readOnly != 0:
		return 0, fmt.Errorf("write below %s: %w", dir, unix.EROFS)
	case stat.Files > 0 && stat.Ffree == 0:
		return 0, fmt.Errorf("make a file below %s: %w", dir, unix.ENOSPC)
	case stat.Blocks == 0: // it does not say
		return math.MaxInt64, nil
	default:
		return int64(min(blocks, math.MaxInt64/uint64(stat.Bsize)) * uint64(stat.Bsize)), nil
	}
}
