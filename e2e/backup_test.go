package e2e

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// The script is the one that docs/operating/backup.md has people use.
func TestACopyMadeAsDocumentedUnderLoadIsARecordOnWhichAServerStarts(t *testing.T) {
	t.Parallel()
	s := serve(t)
	load := s.startLoad(t)
	for i := range 2 {
		load.grow(4 << 20)
		load.stop()
		s.crash() // 2 s after such a start a checkpoint empties the journal, which may be in the middle of the copy
		load = s.startLoad(t)
		load.grow(4 << 20)
		acked := load.lastAcks()
		copied := filepath.Join(t.TempDir(), "copy")
		backup := exec.Command("../docs/operating/backup.sh", s.data, copied)
		backup.Env = append(os.Environ(), "VERBATIM="+binary)
		out, err := backup.CombinedOutput()
		if err != nil {
			t.Fatalf("backup %d: %v\n%s", i, err, out)
		}
		t.Logf("%s", out) // how many tries it took
		restored := newServer(t)
		restored.data = copied
		args := []string{"verify", "--data-dir", copied}
		for room, ack := range acked {
			args = append(args, "--receipt", fmt.Sprintf("%s:%d:%s", room, ack.Seq, ack.Sum))
		}
		if code, stdout, stderr := verbatim(t, args...); code != 0 {
			t.Fatalf("backup %d lacks what was acked before: exit %d: %s%s",
				i, code, tail(stdout, 800), tail(stderr, 800))
		}
		restored.start()
		bob := restored.dial(t, "bob")
		for room, ack := range acked {
			p := bob.history(room, fmt.Sprintf(`"after":%d`, ack.Seq-1), `"limit":1`)
			if len(p.entries) != 1 || p.entries[0].Seq != ack.Seq || p.entries[0].Time != ack.Time {
				t.Errorf("backup %d, %s: what was acked at %d is %v", i, room, ack.Seq, p.entries)
			}
		}
		if got := bob.send("room-0", fmt.Sprintf("after-%d", i), "the copy goes on"); got.Seq <= acked["room-0"].Seq {
			t.Errorf("backup %d: the copy goes on at %d, after an ack of %d", i, got.Seq, acked["room-0"].Seq)
		}
		if code := restored.terminate(); code != 0 {
			t.Errorf("backup %d: the server on the copy ended with %d", i, code)
		}
	}
}

func TestABackupOfWhatIsNoDataDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	copied := filepath.Join(t.TempDir(), "copy")
	out, err := exec.Command("../docs/operating/backup.sh", t.TempDir(), copied).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "is no data directory") {
		t.Errorf("got %v, %s", err, out)
	}
	if _, err := os.Stat(copied); err == nil {
		t.Error("it made a copy all the same")
	}
}

// load is sends to many rooms without a pause, until it is stopped.
type load struct {
	t      testing.TB
	client *client
	stop   func()        // ends it, and waits for that
	ended  chan struct{} // closed by the sender

	mu    sync.Mutex
	acked map[string]frame // guarded by mu: the last ack of each room
	bytes int              // guarded by mu: of the texts that were acked
}

const (
	loadRooms = 40
	loadText  = 8000 // bytes
	loadAhead = 200  // sends on their way
)

// startLoad starts a load. It ends with the test at the latest.
func (s *server) startLoad(t testing.TB) *load {
	t.Helper()
	l := &load{t: t, client: s.dial(t, "ann"), ended: make(chan struct{}), acked: map[string]frame{}}
	stopped := make(chan struct{})
	l.stop = sync.OnceFunc(func() {
		close(stopped)
		<-l.ended
	})
	t.Cleanup(l.stop) // before the connection's own
	go l.send(stopped)
	return l
}

// send is the load's goroutine: it waits for the server, and ends when it is stopped or the connection is gone.
func (l *load) send(stopped <-chan struct{}) {
	defer close(l.ended)
	text := strings.Repeat("z", loadText)
	for i := 0; ; i++ {
		select {
		case <-stopped:
			return
		case <-time.After(time.Millisecond): // a pace, so that copies do not become large
		}
		send := fmt.Sprintf(`{"type":"send","conversation":"room-%d","text":"%s"}`, i%loadRooms, text)
		if l.client.write(websocket.MessageText, send) != nil || i >= loadAhead && !l.take() {
			return
		}
	}
}

// take takes one ack, and reports whether one came.
func (l *load) take() bool {
	f, ok := l.client.await(patience, ofType("ack"))
	if !ok {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[f.Conversation] = f
	l.bytes += loadText
	return true
}

// grow waits until that many bytes more are acked.
func (l *load) grow(bytes int) {
	l.t.Helper()
	count := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.bytes
	}
	goal := count() + bytes
	eventually(l.t, "the load goes on", func() bool { return count() >= goal })
}

// lastAcks returns the last ack of each room.
func (l *load) lastAcks() map[string]frame {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.acked)
}
