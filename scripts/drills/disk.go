package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// disk is an ext4 file system of its own for a server's data: an image file on a loop device, mounted in a mount
// namespace that a process holds. When that process ends, however that comes about, mount and device are gone.
type disk struct {
	r      *run
	holder *process
	image  string
	path   string // as the server sees it
}

// newDisk makes one of so many megabytes; its blocks are all there, so that the disk below cannot be what is full.
func (r *run) newDisk(megabytes int) (*disk, error) {
	d := &disk{r: r, image: filepath.Join(r.dir, "disk.img"), path: filepath.Join(r.dir, "disk")}
	if err := os.MkdirAll(d.path, 0o755); err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"fallocate", "-l", strconv.Itoa(megabytes) + "M", d.image},
		{"mkfs.ext4", "-q", "-F", "-m", "0", d.image},
	} {
		if err := r.command(args...); err != nil {
			return nil, err
		}
	}
	if err := d.hold(); err != nil {
		return nil, err
	}
	return d, d.mount()
}

// hold starts the process whose mount namespace is the disk's.
func (d *disk) hold() (err error) {
	const hold = "echo held; exec sleep infinity"
	if d.holder, err = d.r.start("unshare", "--mount", "--propagation", "private", "sh", "-c", hold); err != nil {
		return err
	}
	held := func() bool { return d.holder.output.String() == "held\n" }
	return d.r.until("a mount namespace is there", time.Minute, held)
}

// under is what runs in the disk's namespace.
func (d *disk) under() []string {
	return []string{"nsenter", "--mount=/proc/" + strconv.Itoa(d.holder.pid()) + "/ns/mnt"}
}

// inside runs a program there to its end.
func (d *disk) inside(args ...string) error { return d.r.command(append(d.under(), args...)...) }

// root is where this process finds the namespace's file system.
func (d *disk) root() string { return fmt.Sprintf("/proc/%d/root", d.holder.pid()) }

func (d *disk) mount() error { return d.inside("mount", "-o", "loop", d.image, d.path) }

// unmount waits for what the kernel still has to end.
func (d *disk) unmount() (err error) {
	d.r.wait(time.Minute, func() bool { err = d.inside("umount", d.path); return err == nil })
	return err
}

// serve is a server with its data on the disk, not started.
func (d *disk) serve(flags ...string) (*server, error) {
	s, err := d.r.newServer(flags...)
	if err == nil {
		s.under, s.root, s.data = d.under(), d.root(), filepath.Join(d.path, "data")
	}
	return s, err
}

// ext4Shutdown is EXT4_IOC_SHUTDOWN, and noLogFlush its flag that also drops the file system's own log: what was not
// synced is gone, as when the power is cut.
const (
	ext4Shutdown = 0x8004587D
	noLogFlush   = 2
)

// cut cuts the power. A sync that is under way may still say that it went well: who hears of one after this began
// must not believe it.
func (d *disk) cut() error {
	f, err := os.Open(filepath.Join(d.root(), d.path))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.IoctlSetPointerInt(int(f.Fd()), ext4Shutdown, noLogFlush); err != nil {
		return fmt.Errorf("cut the power: EXT4_IOC_SHUTDOWN: %w", err)
	}
	return nil
}

// fill takes all room, but so many bytes.
func (d *disk) fill(leave int64) error {
	f, err := os.Create(filepath.Join(d.root(), d.path, "filler"))
	if err != nil {
		return err
	}
	defer f.Close()
	size := int64(0)
	for step := int64(16 << 20); step >= 4096; {
		err := unix.Fallocate(int(f.Fd()), 0, size, step)
		switch {
		case err == nil:
			size += step
		case errors.Is(err, syscall.ENOSPC):
			step /= 2
		default:
			return fmt.Errorf("fill the disk: %w", err)
		}
	}
	if leave > 0 {
		return f.Truncate(max(0, size-leave))
	}
	return nil
}

func (d *disk) free() error { return os.Remove(filepath.Join(d.root(), d.path, "filler")) }
