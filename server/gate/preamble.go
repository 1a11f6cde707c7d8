package gate

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

	"verbatim/server/access"
	"verbatim/server/logging"
)

// preamble is the PROXY header (version 1 or 2) in which a --proxy-protocol peer says, before anything else, for whom
// it connects. The first call of RemoteAddr or Read reads it, in the connection's own goroutine.
type preamble struct {
	once sync.Once
	from net.Addr // fixed once read; nil: the peer speaks for itself
	err  error    // fixed once read
}

// preambleTime is how long a proxy has to say for whom it connects. Proxies do so at once.
const preambleTime = 5 * time.Second

// Lengths of the two headers, in bytes (the PROXY protocol, 2.1 and 2.2).
const (
	minHeader  = 13  // what is read first: less than any header, and enough to tell them apart
	maxV1      = 107 // with its CR LF
	fixedV2    = 16  // the last two say how many follow
	maxV2      = 4096
	signature1 = "PROXY "
)

// unspecified begins a header of version 2 that says no more than UNKNOWN of version 1: the library refuses it.
var unspecified = append(slices.Clone(proxyproto.SIGV2), byte(proxyproto.PROXY), byte(proxyproto.UNSPEC))

// acceptMixed makes the library accept IPv4 addresses behind TCP6: nginx writes such headers if its client and this
// server have different families.
var acceptMixed = sync.OnceFunc(func() { proxyproto.V1AcceptIPv4InTCP6 = true })

func (a *arrival) introduced() {
	if a.preamble != nil {
		a.once.Do(a.introduce)
	}
}

// introduce reads the header, and not a byte more: whatever follows is read from the connection itself.
func (a *arrival) introduce() {
	_ = a.Conn.SetReadDeadline(time.Now().Add(preambleTime)) // if this fails, reading fails too
	a.readers.Add(1)
	a.from, a.err = readPreamble(a.Conn)
	a.readers.Add(-1)
	_ = a.Conn.SetReadDeadline(time.Time{}) // net/http sets its own
	switch {
	case errors.Is(a.err, io.EOF): // the peer only checked that the port is open
	case a.err != nil:
		a.gate.o.Refused.WithLabelValues("proxy").Inc()
		a.gate.o.Notes.Add(logging.Note{
			Kind: "gate: proxy", Level: zerolog.WarnLevel, From: a.Conn.RemoteAddr().String(), Err: a.err,
			Words: "a --proxy-protocol peer sent no valid PROXY header, and was cut off",
			Do:    "let it send one (haproxy: send-proxy-v2), or leave it out of --proxy-protocol",
		})
	default:
		at := a.from
		if at == nil {
			at = a.Conn.RemoteAddr()
		}
		addr, _ := access.ParseHop(at.String())
		a.gate.mu.Lock()
		if a.from != nil {
			a.client = at.String()
		}
		if a.state == handshaking {
			a.gate.place(a, addr)
		}
		a.gate.mu.Unlock()
	}
}

// readPreamble returns for whom a proxy connects, or nil if it connects for itself.
func readPreamble(c io.Reader) (net.Addr, error) {
	acceptMixed()
	head := make([]byte, minHeader, fixedV2+maxV2)
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

// restV1 reads to the end of the line, byte by byte: a larger read could go beyond it.
func restV1(c io.Reader, head []byte) ([]byte, error) {
	for len(head) < maxV1 && !bytes.HasSuffix(head, []byte("\n")) {
		head = head[:len(head)+1]
		if _, err := io.ReadFull(c, head[len(head)-1:]); err != nil {
			return nil, err
		}
	}
	return head, nil
}

func restV2(c io.Reader, head []byte) ([]byte, error) {
	head = head[:fixedV2]
	if _, err := io.ReadFull(c, head[minHeader:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(head[fixedV2-2:]))
	if n > maxV2 {
		return nil, fmt.Errorf("it is %d bytes long, and at most %d are taken", n, maxV2)
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
