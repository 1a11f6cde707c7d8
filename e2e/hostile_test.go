package e2e

import (
	wire "encoding/binary"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The first byte of a frame (RFC 6455, 5.2).
const (
	frameFIN    = 0x80
	frameRSV1   = 0x40
	frameRSV2   = 0x20
	frameRSV3   = 0x10
	frameGoesOn = 0x0
	frameText   = 0x1
	frameClose  = 0x8
	framePing   = 0x9
)

func closeWith(code uint16, reason string) string {
	return framed(frameFIN|frameClose, true, string(wire.BigEndian.AppendUint16(nil, code))+reason)
}

func TestAFrameAgainstRFC6455ClosesItsConnectionAndHarmsNobody(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann := s.dial(t, "ann")
	const ping = `{"type":"ping"}`
	for what, row := range map[string]struct {
		bytes string
		want  int
	}{
		"reserved bit 1: compressed, and nobody agreed to that": {framed(frameFIN|frameRSV1|frameText, true, ping),
			1002},
		"reserved bit 2":         {framed(frameFIN|frameRSV2|frameText, true, ping), 1002},
		"reserved bit 3":         {framed(frameFIN|frameRSV3|frameText, true, ping), 1002},
		"reserved bit of a ping": {framed(frameFIN|frameRSV1|framePing, true, ""), 1002},
		"no mask":                {framed(frameFIN|frameText, false, ping), 1002},
		"no mask on a ping":      {framed(frameFIN|framePing, false, ""), 1002},
		"opcode 3":               {framed(frameFIN|3, true, ping), 1002},
		"opcode 11":              {framed(frameFIN|11, true, ""), 1002},
		"a ping in two parts":    {framed(framePing, true, "a"), 1002},
		"a close in two parts":   {framed(frameClose, true, "\x03\xe8"), 1002},
		"a ping of 126 bytes":    {framed(frameFIN|framePing, true, strings.Repeat("a", 126)), 1002},
		"a close of 126 bytes":   {closeWith(1000, strings.Repeat("a", 124)), 1002},
		"a part of nothing":      {framed(frameFIN|frameGoesOn, true, ping), 1002},
		"a text within another": {framed(frameText, true, `{"type"`) + framed(frameFIN|frameText, true, ping),
			1002},
		"a length beyond 2^63": {string([]byte{frameFIN | frameText, 0x80 | 127, 0xff, 0, 0, 0, 0, 0, 0, 1, 0, 0,
			0, 0}), 1002},
		"a close code of one byte":   {framed(frameFIN|frameClose, true, "\x03"), 1002},
		"close code 0":               {closeWith(0, ""), 1002},
		"close code 999":             {closeWith(999, ""), 1002},
		"close code 1005":            {closeWith(1005, ""), 1002},
		"close code 1006":            {closeWith(1006, ""), 1002},
		"close code 1015":            {closeWith(1015, ""), 1002},
		"close code 5000":            {closeWith(5000, ""), 1002},
		"a close without a code":     {framed(frameFIN|frameClose, true, ""), 0},
		"a close as it should be":    {closeWith(1000, "bye"), 1000},
		"an application's own close": {closeWith(4321, ""), 4321},
	} {
		t.Run(what, func(t *testing.T) {
			r := s.dialRaw(t)
			r.write(row.bytes)
			if code := r.closed(); code != row.want {
				t.Errorf("closed with %d, want %d", code, row.want)
			}
			if f := ann.ask(ping); f.Type != "pong" {
				t.Errorf("another session: got %s, want pong", f)
			}
		})
	}
}

func TestCompressionIsNotTakenOn(t *testing.T) {
	t.Parallel()
	s := serve(t)
	// It fails if the server accepts an extension.
	r := s.dialRaw(t, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-webkit-deflate-frame")
	r.write(framed(frameFIN|frameText, true, `{"type":"ping"}`))
	if f, err := r.object(); err != nil || f.Type != "pong" {
		t.Errorf("got %v, %v, want pong", f, err)
	}
}

// rss is the memory of a process that is resident, in bytes.
func (s *server) rss() int {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		s.t.Fatalf("no VmRSS in %s", status)
	}
	kb, err := strconv.Atoi(string(m[1]))
	if err != nil {
		s.t.Fatal(err)
	}
	return kb << 10
}

// flood writes bytes over and over, from a goroutine of its own, until it was told to stop, the connection is closed,
// or nothing is taken for two seconds; then it says how many bytes were taken.
func (r *raw) flood(bytes string, stop <-chan struct{}) <-chan int {
	sent := make(chan int, 1)
	go func() {
		total := 0
		defer func() { sent <- total }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = r.c.SetWriteDeadline(time.Now().Add(2 * time.Second))
			n, err := r.c.Write([]byte(bytes))
			total += n
			if err != nil {
				return
			}
		}
	}()
	return sent
}

// TestAFloodCostsLittleAndHarmsNobody: whatever comes without end, the server's memory stays, and others are answered.
func TestAFloodCostsLittleAndHarmsNobody(t *testing.T) {
	t.Parallel()
	for what, flood := range map[string]struct{ begin, bytes string }{
		"pings of 125 bytes": {"", strings.Repeat(framed(frameFIN|framePing, true, strings.Repeat("p", 125)), 500)},
		"pongs nobody asked": {"", strings.Repeat(framed(frameFIN|0xa, true, "p"), 5000)},
		"empty parts": {framed(frameText, true, `{"type":"ping`),
			strings.Repeat(framed(frameGoesOn, true, ""), 5000)},
		"requests, none read": {"", strings.Repeat(framed(frameFIN|frameText, true, `{"type":"ping"}`), 1000)},
		"joins, none read": {"",
			strings.Repeat(framed(frameFIN|frameText, true, `{"type":"join","conversation":"lobby"}`), 1000)},
		"a part without an end": {framed(frameText, true, `{"type":"ping","x":"`),
			strings.Repeat(framed(frameGoesOn, true, strings.Repeat("x", 1000)), 60)},
		"a frame of 2^40 bytes": {string([]byte{frameFIN | frameText, 0x80 | 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}),
			strings.Repeat("x", 60_000)},
	} {
		t.Run(what, func(t *testing.T) {
			s := serve(t)
			ann := s.dial(t, "ann")
			ann.join("lobby")
			before := s.rss()
			stop := make(chan struct{})
			var floods []<-chan int
			for range 4 {
				r := s.dialRaw(t)
				r.write(flood.begin)
				floods = append(floods, r.flood(flood.bytes, stop))
			}
			for range 25 {
				if f := ann.send("lobby", "", "hi"); f.Type != "ack" {
					t.Fatalf("got %s, want ack", f)
				}
				time.Sleep(20 * time.Millisecond) // a pace: the flood goes on meanwhile
			}
			grown := s.rss() - before
			close(stop)
			total := 0
			for _, sent := range floods {
				total += <-sent
			}
			if grown > 100<<20 {
				t.Errorf("%d bytes of flood: the server grew by %d bytes", total, grown)
			}
			t.Logf("%s: %d bytes of flood, %d bytes grown", what, total, grown)
		})
	}
}

func TestAMessageThatNeverEndsIsClosedWith1009(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for what, bytes := range map[string][2]string{
		"in parts": {framed(frameText, true, `{"x":"`), framed(frameGoesOn, true, strings.Repeat("x", 1000))},
		"in one frame": {string([]byte{frameFIN | frameText, 0x80 | 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}),
			strings.Repeat("x", 1000)},
	} {
		t.Run(what, func(t *testing.T) {
			r := s.dialRaw(t)
			r.write(bytes[0])
			stop := make(chan struct{})
			sent := r.flood(bytes[1], stop)
			if code := r.closed(); code != 1009 {
				t.Errorf("closed with %d, want 1009", code)
			}
			close(stop)
			if n := <-sent; n < 100_000 {
				t.Errorf("closed after %d bytes already: the limit is 131072", n)
			}
		})
	}
}

// TestIdsAndNamesAreOnlyWords: whatever they contain, they are accepted as they are or refused, and make no file.
func TestIdsAndNamesAreOnlyWords(t *testing.T) {
	t.Parallel()
	s := serve(t)
	long := strings.Repeat("a", 100_000)
	ann := s.dial(t, "../../ann")
	ann.join("lobby")
	for _, id := range []string{
		"../../../etc/passwd", `..\..\x`, "a b", "CON", "\u202eevil", "\u2066x", "<script>", "-rf", "%00",
		strings.Repeat("é", 32), "😀",
	} {
		if ack := ann.send("lobby", id, "hi"); ack.ID != id {
			t.Errorf("id %q came back as %s", id, ack)
		}
	}
	for what, row := range map[string][2]string{
		"a conversation that is a path": {"invalid_conversation",
			`{"type":"send","conversation":"../x","text":"hi"}`},
		"a conversation with a NUL": {"bad_request|invalid_conversation",
			`{"type":"send","conversation":"a\u0000b","text":"hi"}`},
		"a conversation, right to left": {"invalid_conversation",
			`{"type":"send","conversation":"\u202eabc","text":"hi"}`},
		"a conversation of 100 kB": {"invalid_conversation",
			`{"type":"send","conversation":"` + long + `","text":"hi"}`},
		"an id with a NUL": {"bad_request",
			`{"type":"send","conversation":"lobby","id":"a\u0000b","text":"hi"}`},
		"an id of 100 kB": {"too_large",
			`{"type":"send","conversation":"lobby","id":"` + long + `","text":"hi"}`},
		"a prev of 100 kB": {"too_large",
			`{"type":"send","conversation":"lobby","prev":"` + long + `","text":"hi"}`},
		"a ref of 100 kB": {"too_large", `{"type":"ping","ref":"` + long + `"}`},
		"a log of 100 kB": {"reset|bad_request|too_large",
			`{"type":"join","conversation":"lobby","after":0,"log":"` + long + `"}`},
		"a type of 100 kB": {"unknown_type", `{"type":"` + long + `"}`},
		"a number of 100 kB": {"bad_request",
			`{"type":"join","conversation":"lobby","after":` + strings.Repeat("1", 100_000) + `}`},
		"50,000 arrays, one within the next": {"bad_request",
			`{"type":"ping","x":` + strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000) + `}`},
	} {
		ann.say("%s", row[1])
		f := ann.expect(what, func(f frame) bool { return f.Type == "error" || f.Type == "pong" || f.Type == "ack" })
		if !slices.Contains(strings.Split(row[0], "|"), f.Code) {
			t.Errorf("%s: got %s, want %s", what, f, row[0])
		}
		if len(f.Raw) > 1000 {
			t.Errorf("%s: the answer repeats it: %d bytes", what, len(f.Raw))
		}
	}
	for _, name := range []string{
		"a\x00b", "a\nb", "\u202eann", "ann\u2069", strings.Repeat("n", 65), strings.Repeat("n", 30_000),
	} {
		response, err := httpClient.Post("http://"+s.addr+"/api/conversations/lobby/messages", "application/json",
			strings.NewReader(`{"from":`+quoted(name)+`,"text":"hi"}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusBadRequest && response.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("from %.20q: got %d, want 400 or 413", name, response.StatusCode)
		}
	}
	if code := s.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.onlyFiles(t,
		`^(catalogue|format|lock|journal|marks|transcripts|`+
			`journal/\d{12}\.journal|transcripts/lobby\.jsonl|marks/lobby\.json)$`)
}

// onlyFiles makes sure that nothing lies in the data directory, or beside it, whose path does not match.
func (s *server) onlyFiles(t *testing.T, pattern string) {
	t.Helper()
	allowed := regexp.MustCompile(pattern)
	err := filepath.WalkDir(filepath.Dir(s.data), func(path string, _ fs.DirEntry, err error) error {
		name, rerr := filepath.Rel(s.data, path)
		if err == nil && rerr == nil && name != "." && name != ".." && !allowed.MatchString(name) {
			t.Errorf("there is a file %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
