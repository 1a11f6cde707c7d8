package gate

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/pires/go-proxyproto"

	"verbatim/server/access"
)

// headerOf is a PROXY header as a proxy writes it.
func headerOf(t testing.TB, version byte, from string, tlvs ...proxyproto.TLV) []byte {
	t.Helper()
	to := "192.0.2.1:80"
	if strings.HasPrefix(from, "[") {
		to = "[2001:db8::1]:80"
	}
	h := proxyproto.HeaderProxyFromAddrs(version, tcpAddr(t, from), tcpAddr(t, to))
	if err := h.SetTLVs(tlvs); err != nil {
		t.Fatal(err)
	}
	b, err := h.Format()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tcpAddr(t testing.TB, text string) *net.TCPAddr {
	t.Helper()
	addr, err := net.ResolveTCPAddr("tcp", text)
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

func TestAPreambleIsReadAndNotAByteMore(t *testing.T) {
	t.Parallel()
	const rest = "GET / HTTP/1.1\r\n"
	const widest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	for what, row := range map[string]struct {
		header []byte
		want   string
	}{
		"version 1, IPv4":        {headerOf(t, 1, "203.0.113.7:4711"), "203.0.113.7:4711"},
		"version 1, IPv6":        {headerOf(t, 1, "[2001:db8::7]:4711"), "[2001:db8::7]:4711"},
		"version 1, the longest": {[]byte("PROXY TCP6 2001:0db8:1111:2222:3333:4444:5555:6666 2001:0db8:1111:2222:3333:4444:5555:7777 65535 65535\r\n"), "[2001:db8:1111:2222:3333:4444:5555:6666]:65535"},
		"version 1, of 107":      {[]byte("PROXY UNKNOWN " + widest + widest + "65535 65535\r\n"), ""},
		"version 1, the least":   {[]byte("PROXY UNKNOWN\r\n"), ""},
		"version 1, unknown":     {[]byte("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), ""},
		"version 2, IPv4":        {headerOf(t, 2, "203.0.113.7:4711"), "203.0.113.7:4711"},
		"version 2, IPv6":        {headerOf(t, 2, "[2001:db8::7]:4711"), "[2001:db8::7]:4711"},
		"version 2, with a TLV":  {headerOf(t, 2, "203.0.113.7:4711", proxyproto.TLV{Type: proxyproto.PP2_TYPE_AUTHORITY, Value: []byte(strings.Repeat("a", 2000))}), "203.0.113.7:4711"},
		"version 2, LOCAL":       {[]byte("\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"), ""},
		"version 2, unspecified": {[]byte("\r\n\r\n\x00\r\nQUIT\n\x21\x00\x00\x05\x04\x00\x02hi"), ""},
		"LOCAL with addresses":   {[]byte("\r\n\r\n\x00\r\nQUIT\n\x20\x11\x00\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x00\x01\x00\x02"), ""},
	} {
		c := bytes.NewReader(append(bytes.Clone(row.header), rest...))
		from, err := readPreamble(c)
		got := ""
		if from != nil {
			got = from.String()
		}
		left, _ := io.ReadAll(c)
		if err != nil || got != row.want || string(left) != rest {
			t.Errorf("%s: got %q, %v, and %q is left; want %q and %q", what, got, err, left, row.want, rest)
		}
	}
}

func TestAPreambleWithoutAnEndIsReadToTheBoundOfItsVersion(t *testing.T) {
	t.Parallel()
	c := strings.NewReader("PROXY UNKNOWN " + strings.Repeat("x", 5000) + "\r\n")
	if _, err := readPreamble(c); err == nil || c.Size()-int64(c.Len()) != 107 {
		t.Errorf("got %v after %d bytes, want it refused after 107", err, c.Size()-int64(c.Len()))
	}
}

func FuzzPreamble(f *testing.F) {
	f.Add([]byte("PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\nGET"))
	f.Add([]byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x00\x01\x00\x02GET"))
	f.Add([]byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff"))
	f.Add([]byte("PROXY UNKNOWN"))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, said []byte) {
		c := bytes.NewReader(said)
		from, err := readPreamble(c)
		used := said[:len(said)-c.Len()]
		if len(used) > fixedV2+maxV2 {
			t.Errorf("%d bytes were read", len(used))
		}
		if err == nil && !bytes.HasPrefix(used, []byte(signature1)) && !bytes.HasPrefix(used, proxyproto.SIGV2) {
			t.Errorf("%q was taken for a header", used)
		}
		if from != nil {
			if addr, ok := access.ParseHop(from.String()); !ok || !addr.IsValid() {
				t.Errorf("%q speaks for %v, which is no address", used, from)
			}
		}
	})
}
