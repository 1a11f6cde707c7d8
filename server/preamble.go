package server

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/pires/go-proxyproto"
	"github.com/rs/zerolog"
)

// preamble is what a --proxy-protocol peer says before anything else: for whom it connects (PROXY protocol, version 1 or
// 2). It is read by whichever of RemoteAddr and Read is called first, which is the connection's own goroutine.
type preamble struct {
	once sync.Once
	from net.Addr // fixed once read; nil: the peer speaks for itself
	err  error    // fixed once read
}

// preambleTime is how long a proxy has to say for whom it connects. Proxies do so at once.
const preambleTime = 5 * time.Second

// Lengths of the two headers, in bytes (the PROXY protocol, 2.1 and 2.2).
const (
	shortest   = 13  // what is read first: less than any header, and enough to tell them apart
	longestV1  = 107 // with its CR LF
	fixedV2    = 16  // the last two say how many follow
	mostV2     = 4096
	signature1 = "PROXY "
)

// unspecified begins a header of version 2 that says no more than UNKNOWN of version 1: the library refuses it.
var unspecified = append(slices.Clone(proxyproto.SIGV2), byte(proxyproto.PROXY), byte(proxyproto.UNSPEC))

// nginx writes IPv4 addresses behind TCP6 where its client and this server differ in that.
func init() { proxyproto.V1AcceptIPv4InTCP6 = true }

// who returns the client's address, and that of the proxy which speaks for it, or "". It waits for no header.
func (a *arrival) who() (from, via string) {
	a.gate.mu.Lock()
	client := a.client
	a.gate.mu.Unlock()
	peer := a.Conn.RemoteAddr().String()
	if client == "" {
		return peer, ""
	}
	return client, peer
}

// RemoteAddr is who is at the other end, or whom the proxy there speaks for.
func (a *arrival) RemoteAddr() net.Addr {
	if a.introduced(); a.preamble != nil && a.from != nil {
		return a.from
	}
	return a.Conn.RemoteAddr()
}

// Read reads what comes after the header, where one is awaited. Without one there is nothing to read: net/http answers
// other errors with words.
func (a *arrival) Read(p []byte) (int, error) {
	if a.introduced(); a.preamble != nil && a.err != nil {
		return 0, io.EOF
	}
	a.awaited.Add(1)
	n, err := a.Conn.Read(p)
	if n > 0 && a.spoke.Load() == 0 {
		a.secret.Store(p[0] == tlsHandshake)
		a.spoke.Store(int64(time.Since(opened)))
	}
	a.awaited.Add(-1)
	return n, err
}

func (a *arrival) introduced() {
	if a.preamble != nil {
		a.once.Do(a.introduce)
	}
}

// introduce reads the header, and not a byte more: what follows is read from the connection itself.
func (a *arrival) introduce() {
	_ = a.Conn.SetReadDeadline(time.Now().Add(preambleTime)) // where it fails, so does reading
	a.awaited.Add(1)
	a.from, a.err = readPreamble(a.Conn)
	a.awaited.Add(-1)
	_ = a.Conn.SetReadDeadline(time.Time{}) // net/http sets its own
	switch {
	case errors.Is(a.err, io.EOF): // it only looked whether the port is open
	case a.err != nil:
		a.gate.refused.WithLabelValues("proxy").Inc()
		a.gate.notes.add(note{
			kind: "gate: proxy", level: zerolog.WarnLevel, from: a.Conn.RemoteAddr().String(), err: a.err,
			words: "a --proxy-protocol peer sent no PROXY header that can be read, and was cut off",
			do:    "let it send one (haproxy: send-proxy-v2), or leave it out of --proxy-protocol",
		})
	default:
		at := a.from
		if at == nil {
			at = a.Conn.RemoteAddr()
		}
		addr, _ := parseHop(at.String())
		a.gate.mu.Lock()
		if a.from != nil {
			a.client = at.String()
		}
		if a.state == fresh {
			a.gate.place(a, addr)
		}
		a.gate.mu.Unlock()
	}
}

// readPreamble returns for whom a proxy connects; nil: for itself.
func readPreamble(c io.Reader) (net.Addr, error) {
	head := make([]byte, shortest, fixedV2+mostV2)
	if n, err := io.ReadFull(c, head); err != nil && n > 0 {
		return nil, fmt.Errorf("proxy: read the PROXY header: %d bytes came: %w", n, noEOF(err))
	} else if err != nil {
		return nil, err
	}
	var err error
	switch {
	case bytes.HasPrefix(head, proxyproto.SIGV2):
		head, err = restV2(c, head)
	case bytes.HasPrefix(head, []byte(signature1)):
		head, err = restV1(c, head)
	default:
		return nil, fmt.Errorf("proxy: what came is no PROXY header: %.13q", head)
	}
	if err != nil {
		return nil, fmt.Errorf("proxy: read the PROXY header: %w", noEOF(err))
	}
	if bytes.HasPrefix(head, unspecified) {
		return nil, nil
	}
	header, err := proxyproto.Read(bufio.NewReaderSize(bytes.NewReader(head), len(head)))
	if err != nil {
		return nil, err
	}
	from, ok := header.SourceAddr.(*net.TCPAddr)
	if !ok || header.Command.IsLocal() { // a health check of the proxy's own; or it does not know
		return nil, nil
	}
	return from, nil
}

// restV1 reads on to the end of the line. No read of more than a byte knows where that is.
func restV1(c io.Reader, head []byte) ([]byte, error) {
	for len(head) < longestV1 && !bytes.HasSuffix(head, []byte("\n")) {
		head = head[:len(head)+1]
		if _, err := io.ReadFull(c, head[len(head)-1:]); err != nil {
			return nil, err
		}
	}
	return head, nil
}

func restV2(c io.Reader, head []byte) ([]byte, error) {
	head = head[:fixedV2]
	if _, err := io.ReadFull(c, head[shortest:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(head[fixedV2-2:]))
	if n > mostV2 {
		return nil, fmt.Errorf("it is %d bytes long, and at most %d are taken", n, mostV2)
	}
	head = head[:fixedV2+n]
	_, err := io.ReadFull(c, head[fixedV2:])
	return head, err
}

// noEOF makes the end of a connection within a header an error of its own.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
