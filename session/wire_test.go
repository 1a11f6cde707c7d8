package session

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"verbatim/protocol"
)

// ends are the two ends of a TCP connection, ours as a wire.
func ends(t *testing.T) (*wire, net.Conn) {
	t.Helper()
	return endsOf(t, "tcp", "127.0.0.1:0")
}

func endsOf(t *testing.T, network, address string) (*wire, net.Conn) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	there, err := net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	here, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = there.Close(), here.Close() })
	return newWire(here), there
}

func TestTheWireKeepsABufferOnlyWhileThereIsSomethingInIt(t *testing.T) {
	w, there := ends(t)
	if w.raw == nil {
		t.Fatal("a TCP connection is read without its file descriptor")
	}
	sent := bytes.Repeat([]byte("0123456789"), 1000) // more than a buffer
	go func() { _, _ = there.Write(sent) }()         // ends when the reader below has taken all
	var got []byte
	for piece := make([]byte, 16); len(got) < len(sent); {
		n, err := w.Read(piece)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, piece[:n]...)
		if (w.buffer == nil) != (len(w.unread) == 0) {
			t.Fatalf("after %d bytes: a buffer: %v, unread: %d", len(got), w.buffer != nil, len(w.unread))
		}
	}
	if !bytes.Equal(got, sent) {
		t.Error("the bytes that were read are not those that were sent")
	}
	if w.buffer != nil {
		t.Error("everything is read, and there is still a buffer")
	}
}

func TestTheWireSaysHowReadingEnded(t *testing.T) {
	t.Run("the client has closed", func(t *testing.T) {
		w, there := ends(t)
		_ = there.Close()
		if _, err := w.Read(make([]byte, 16)); err != io.EOF || w.readErr != io.EOF {
			t.Errorf("Read: %v, noted: %v; want EOF", err, w.readErr)
		}
	})
	t.Run("a deadline while it waits", func(t *testing.T) {
		w, _ := ends(t)
		time.AfterFunc(20*time.Millisecond, func() { _ = w.SetReadDeadline(time.Unix(1, 0)) })
		if _, err := w.Read(make([]byte, 16)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read: %v; want the deadline", err)
		}
	})
	t.Run("the client has reset", func(t *testing.T) {
		w, there := ends(t)
		_ = there.(*net.TCPConn).SetLinger(0)
		_ = there.Close()
		_, err := w.Read(make([]byte, 16))
		if call := (&os.SyscallError{}); !errors.As(err, &call) {
			t.Errorf("Read: %v; want the system call's error", err)
		}
	})
}

func TestAControlFrameThatComesInPartsIsHandedOnWhole(t *testing.T) {
	w, _ := ends(t)
	var got [][]byte
	w.control = func(frame []byte) { got = append(got, bytes.Clone(frame)) }
	long := append([]byte{0x8a, 125}, bytes.Repeat([]byte{'x'}, 125)...)
	for _, part := range [][]byte{long[:1], long[1:16], long[16:], {0x8a, 0}, {0x88, 2}, {3, 0xe8}} {
		if n, err := w.Write(part); n != len(part) || err != nil {
			t.Fatalf("Write of %d bytes: %d, %v", len(part), n, err)
		}
	}
	want := [][]byte{long, {0x8a, 0}, {0x88, 2, 3, 0xe8}}
	if len(got) != len(want) {
		t.Fatalf("%d frames were handed on; want %d", len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("frame %d is %x; want %x", i, got[i], want[i])
		}
	}
}

// Between two blocks of a reader that is far behind, nothing may be on its way for a moment.
func TestTheWireTakesWhileMoreIsDue(t *testing.T) {
	w, there := ends(t)
	w.takes(false)
	for _, due := range []bool{true, false} {
		if _, err := w.Conn.Write([]byte("taken")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(there, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		w.acknowledged(t)
		if got := w.takes(due); got != due {
			t.Errorf("takes(%v) is %v after all was taken", due, got)
		}
	}
	if w.takes(true) {
		t.Error("takes(true) is true though nothing was taken since")
	}
}

// What the kernel holds for a slow reader may be megabytes, and a write finds no room there until a whole packet of
// some 64 kB is taken.
func TestAReaderWhoseTCPTakesSomethingIsNotStalledThoughTheWriteHasNoRoom(t *testing.T) {
	w, there := ends(t)
	// With a small buffer there, TCP tells of what is read in steps of some 33 kB.
	err := errors.Join(there.(*net.TCPConn).SetReadBuffer(4<<10), w.Conn.(*net.TCPConn).SetWriteBuffer(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	looks := 0
	conn := &lookedAt{Conn: w.Conn, before: func() {
		// The first look is taken for progress in any case, and from the last but one on it reads no more.
		if looks++; looks > 1 && looks < 40 {
			w.readUntilAcknowledged(t, there)
		}
	}}
	w.Conn = conn
	if err := w.send(make([]byte, 64<<20), time.Second); !errors.Is(err, errStalled) {
		t.Errorf("got %v", err)
	}
	if looks < 40 {
		t.Errorf("it was taken for stalled after %d looks, while it read", looks)
	}
	if conn.idle < 10 {
		t.Errorf("%d writes had no room: the test shows nothing", conn.idle)
	}
}

// lookedAt is a connection whose writes end soon, and whose reader reads before each of them.
type lookedAt struct {
	net.Conn
	before func()
	idle   int // writes that took nothing
}

func (l *lookedAt) SetWriteDeadline(time.Time) error {
	l.before()
	return l.Conn.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
}

func (l *lookedAt) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	if n == 0 {
		l.idle++
	}
	return n, err
}

// readUntilAcknowledged reads at the other end until our TCP hears of it.
func (w *wire) readUntilAcknowledged(t *testing.T, there net.Conn) {
	t.Helper()
	before, _ := w.progress()
	for piece := make([]byte, 1<<10); ; {
		if acked, _ := w.progress(); acked > before {
			return
		}
		if _, err := io.ReadFull(there, piece); err != nil {
			t.Fatal(err)
		}
	}
}

// acknowledged waits until the kernel knows that all was taken.
func (w *wire) acknowledged(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // between two looks
		if _, owed := w.progress(); owed == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("what was read at the other end is not acknowledged")
		}
	}
}

// A Unix socket takes more only when most of what it holds has been read, which a slow reader may never come to in
// time.
func TestASlowReaderOfAUnixSocketIsNotStalledAndOneThatReadsNothingIs(t *testing.T) {
	t.Parallel()
	const timeout = 100 * time.Millisecond // looks are 1.1 s apart
	slow, there := endsOf(t, "unix", "")   // a name of the kernel's choice
	still, _ := endsOf(t, "unix", "")
	sent, stuck := make(chan error, 1), make(chan error, 1)
	go func() { sent <- slow.send(make([]byte, 4<<20), timeout) }()   // ends with the connection, below
	go func() { stuck <- still.send(make([]byte, 4<<20), timeout) }() // ends when it is stalled
	for piece := range 50 {                                           // 125 kB, and the kernel holds 212
		if _, err := io.ReadFull(there, make([]byte, 2500)); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-sent:
			t.Fatalf("the peer has read %d pieces, and reads on: got %v", piece+1, err)
		case <-time.After(timeout):
		}
	}
	if err := <-stuck; !errors.Is(err, errStalled) {
		t.Errorf("the peer reads nothing: got %v", err)
	}
	there.Close()
	<-sent
}

func TestTheReasonOfACloseIsCutBetweenTwoLetters(t *testing.T) {
	t.Parallel()
	for before, want := range map[string]int{"": 123, "x": 121, "xx": 122} { // bytes; each letter has three
		frame := closeFrame(protocol.ClosePolicy, before+strings.Repeat("語", 60))
		if reason := frame[4:]; int(frame[1]) != 2+want || len(reason) != want || !utf8.Valid(reason) {
			t.Errorf("after %q: got %q", before, frame)
		}
	}
}
