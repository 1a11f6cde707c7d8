package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk is a file system of its own for a server's folder, in a mount namespace that a process holds, so that it
// outlives the server's kill -9 and needs no root where user namespaces are allowed.
type smallDisk struct {
	holder *process
	path   string // as the server sees it
}

func mountSmallDisk(t *testing.T, megabytes int) *smallDisk {
	t.Helper()
	d := &smallDisk{path: t.TempDir()}
	d.holder = start(t, false, "unshare", "--map-root-user", "--mount", "sh", "-c",
		fmt.Sprintf("mount -t tmpfs -o size=%dm tmpfs %s && echo mounted && exec sleep 3600", megabytes, d.path))
	eventually(t, "a small disk is mounted", func() bool {
		if !d.holder.running() {
			t.Fatalf("no small disk could be mounted: %s", d.holder.output)
		}
		return strings.Contains(d.holder.output.String(), "mounted")
	})
	return d
}

// under is what a server runs under to see the disk.
func (d *smallDisk) under() []string {
	return []string{"nsenter", "--user", "--mount", "--preserve-credentials", "-t", fmt.Sprint(d.holder.cmd.Process.Pid)}
}

// file is a file on the disk as this process sees it.
func (d *smallDisk) file(name string) string {
	return filepath.Join("/proc", fmt.Sprint(d.holder.cmd.Process.Pid), "root", d.path, name)
}

// fill writes until nothing more goes in.
func (d *smallDisk) fill(t *testing.T) {
	t.Helper()
	f, err := os.Create(d.file("filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 64<<10); len(block) > 512; {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// Promise 1: a full disk takes nothing back that was acked, and when there is room again service comes back by itself.
func TestAFullDiskRefusesAndLosesNothing(t *testing.T) {
	t.Parallel()
	disk := mountSmallDisk(t, 400)
	s := newServer(t)
	s.under, s.data = disk.under(), filepath.Join(disk.path, "data")
	s.start()
	ann := s.dial(t, "ann")
	ann.sendMany("lobby", "before", 10)
	disk.fill(t)
	text := strings.Repeat("x", 16000)
	acked, refused := 10, 0
	for i := 0; refused < 5; i++ { // what was preallocated is used up first
		f := ann.trySend("lobby", fmt.Sprintf("c%d", i), text)
		switch {
		case f.Type == "ack" && f.Seq == acked+1:
			acked++
		case f.Type == "error" && f.Code == "unavailable":
			refused++
		default:
			t.Fatalf("got %s, want the ack of seq %d, or unavailable", f, acked+1)
		}
		if acked > 100000 {
			t.Fatal("a full disk takes 100,000 messages")
		}
	}
	t.Logf("%d were acked before it was full", acked)
	room := func() {
		if err := os.Remove(disk.file("filler")); err != nil {
			t.Fatal(err)
		}
	}
	room()
	eventually(t, "service comes back by itself", func() bool {
		return ann.trySend("lobby", "after", "hi").Type == "ack"
	})
	// And kill -9 on a full disk. A start may be refused while there is no room; with room all is there.
	disk.fill(t)
	s.kill()
	room()
	s.start()
	bob := s.dial(t, "bob")
	if j := bob.join("lobby", `"after":0`); j.Last != acked+1 {
		t.Fatalf("after kill -9 on a full disk: got %s, want last %d", j, acked+1)
	}
	bob.messages("lobby", 1, acked+1)
}
