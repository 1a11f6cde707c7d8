package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// half is the first 128 bits of SHA-256, as hex digits.
func half(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(h[:16])
}

var (
	logLine = regexp.MustCompile(`^(\{"type":"log","format":2,"conversation":"[^"]*","log":"([^"]+)",` +
		`"time":"[^"]+")(,"sum":"([0-9a-f]{32})")\}$`)
	entryLine = regexp.MustCompile(`^(\{.*),"salt":"([A-Za-z0-9_-]{22})","sum":"([0-9a-f]{32})"\}$`)
)

// record is a transcript whose chain was checked: its log, and its entries as clients get them.
type record struct {
	log     string
	entries []frame // each with the sum of its line
}

// kept is what stays of an entry when its words are taken out: all before the first field that holds words.
func kept(wire string) string {
	at := len(wire)
	for _, words := range []string{`,"text":`, `,"emoji":`, `,"reason":`} {
		if i := strings.Index(wire, words); i >= 0 {
			at = min(at, i)
		}
	}
	return wire[:at]
}

// readRecord checks every line's form, seq and sum, by the format's description and with none of the program's own
// code.
func readRecord(t testing.TB, lines []string) record {
	t.Helper()
	if len(lines) == 0 {
		t.Fatal("an empty transcript")
	}
	head := logLine.FindStringSubmatch(lines[0])
	if head == nil {
		t.Fatalf("the first line is not a log line: %s", lines[0])
	}
	if want := half(head[1], "}"); head[4] != want {
		t.Errorf("the log line's sum is %s, want %s", head[4], want)
	}
	r := record{log: head[2]}
	before := head[4]
	for i, line := range lines[1:] {
		m := entryLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("line %d is not an entry: %.300s", i+2, line)
		}
		wire, salt, sum := m[1]+"}", m[2], m[3]
		if want := half(before, half(salt, wire), kept(wire)); sum != want {
			t.Fatalf("line %d: its sum is %s, want %s", i+2, sum, want)
		}
		f, err := parseFrame([]byte(wire))
		if err != nil {
			t.Errorf("line %d: %v: %s", i+2, err, f)
		}
		if f.Seq != i+1 {
			t.Fatalf("line %d: seq %d, want %d", i+2, f.Seq, i+1)
		}
		named := ""
		if f.Seq == 1 {
			named = r.log
		}
		if f.Log != named {
			t.Errorf("line %d: it names the log %q, want %q", i+2, f.Log, named)
		}
		f.Sum = sum
		before = sum
		r.entries = append(r.entries, f)
	}
	return r
}

// transcriptUpTo waits until the file holds so many entries: its lines are written in runs, after the ack.
func (s *server) transcriptUpTo(t testing.TB, conversation string, n int) []string {
	t.Helper()
	var got []string
	eventually(t, fmt.Sprintf("%d lines in %s", n+1, s.transcriptPath(conversation)), func() bool {
		got = s.transcript(conversation)
		return len(got) >= n+1
	})
	return got
}

func TestTheTranscriptIsAChainOfTheVeryBytesThatClientsGet(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
		bob.join("lobby")
		var acks []frame
		for i := range 20 {
			acks = append(acks,
				ann.send("lobby", fmt.Sprintf("c%d", i), fmt.Sprintf("hi \u0001\u2028🦊<%d>", i), `"meta":{"n":1}`))
		}
		live := bob.messages("lobby", 1, 20)
		r := readRecord(t, s.transcriptUpTo(t, "lobby", 20))
		for i, f := range r.entries {
			if f.Raw != live[i].Raw {
				t.Errorf("the line holds %s, clients got %s", f.Raw, live[i].Raw)
			}
			if f.Sum != acks[i].Sum || f.Time != acks[i].Time {
				t.Errorf("seq %d: the line's sum is %s, the receipt %s", f.Seq, f.Sum, acks[i].Sum)
			}
		}
		if j := s.dial(t, "ann").join("lobby"); j.Log != r.log || j.Sum != acks[19].Sum {
			t.Errorf("joined says log %s and sum %s, the file %s and %s", j.Log, j.Sum, r.log, acks[19].Sum)
		}
	})
}

func TestTheTranscriptIsDownloadedInFourFormats(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		first := ann.send("lobby", "c1", "hello *there*\nsecond line 🦊")
		last := ann.send("lobby", "c2", "שלום", `"target":1`)
		get := func(format string) answer {
			t.Helper()
			a := s.get(t, "/api/conversations/lobby/transcript?format="+format).is(t, 200)
			if d := a.header.Get("Content-Disposition"); !strings.Contains(d, "attachment") {
				t.Errorf("%s: Content-Disposition %q, want a download", format, d)
			}
			return a
		}
		// At once after the ack, whatever the file holds by then.
		jsonl := lines(get("jsonl").body)
		readRecord(t, jsonl)
		if len(jsonl) != 3 {
			t.Errorf("jsonl: %d lines, want 3", len(jsonl))
		}
		if file := s.transcriptUpTo(t, "lobby", 2); !slices.Equal(jsonl, file) {
			t.Errorf("jsonl differs from the file:\n%s\n%s", jsonl, file)
		}
		plain := s.get(t, "/api/conversations/lobby/transcript").is(t, 200).body
		if !slices.Equal(lines(plain), jsonl) {
			t.Errorf("without a format: got %.300s, want jsonl", plain)
		}
		var whole struct {
			SessionID    string            `json:"session_id"`
			CreatedAt    string            `json:"created_at"`
			UpdatedAt    string            `json:"updated_at"`
			MessageCount int               `json:"message_count"`
			Messages     []json.RawMessage `json:"messages"`
		}
		body := get("json")
		body.into(t, &whole)
		names, _ := fields([]byte(body.body))
		if got := strings.Join(names, " "); got != "session_id created_at updated_at message_count messages" {
			t.Errorf("json: got the fields %s", got)
		}
		if whole.SessionID != "lobby" || whole.MessageCount != 2 || len(whole.Messages) != 2 ||
			whole.UpdatedAt != last.Time {
			t.Errorf("json: got %s", body.body)
		}
		if whole.CreatedAt > first.Time || !timeFormat.MatchString(whole.CreatedAt) {
			t.Errorf("json: created_at %s, the first entry is of %s", whole.CreatedAt, first.Time)
		}
		pageOf(t, whole.Messages, false).wantSeqs(t, "json", 1, 2, false)
		for _, format := range []string{"txt", "md"} {
			text := get(format).body
			for _, part := range []string{"ann", "second line 🦊", "שלום"} {
				if !strings.Contains(text, part) {
					t.Errorf("%s: %q is not in it: %s", format, part, text)
				}
			}
		}
	})
}

func TestExportGivesOfflineWhatTheDownloadGives(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann := s.dial(t, "ann")
	ann.sendMany("lobby", "a", 30)
	online := map[string]string{}
	for _, format := range []string{"jsonl", "json", "txt", "md"} {
		online[format] = s.get(t, "/api/conversations/lobby/transcript?format="+format).is(t, 200).body
	}
	s.terminate()
	for format, want := range online {
		code, got, stderr := verbatim(t, "export", "lobby", "--format", format, "--data-dir", s.data)
		if code != 0 || got != want {
			t.Errorf("export --format %s: exit %d, %s; got %.300s, want %.300s", format, code, stderr, got, want)
		}
	}
	if code, got, _ := verbatim(t, "export", "lobby", "--data-dir", s.data); code != 0 || got != online["jsonl"] {
		t.Errorf("export without a format: exit %d, %.300s", code, got)
	}
	code, stdout, stderr := verbatim(t, "export", "nowhere", "--data-dir", s.data)
	if code != 1 || stdout != "" || len(lines(stderr)) != 1 {
		t.Errorf("export of none: exit %d, stdout %q, stderr %q; want 1 and one line", code, stdout, stderr)
	}
}

// What is acked is in the download, though much of it is not in the file yet.
func TestALongTranscriptIsStreamedWholeUpToItsStart(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann := s.dial(t, "ann")
	long := strings.Repeat("x", 8000)
	for i := range 600 {
		ann.say(`{"type":"send","conversation":"lobby","id":"c%d","text":"%s"}`, i, long)
	}
	ann.expect("the last ack", func(f frame) bool { return f.Type == "ack" && f.Seq == 600 })
	r := readRecord(t, lines(s.get(t, "/api/conversations/lobby/transcript?format=jsonl").is(t, 200).body))
	if len(r.entries) != 600 {
		t.Errorf("%d entries, want 600", len(r.entries))
	}
}
