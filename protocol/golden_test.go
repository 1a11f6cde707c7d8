package protocol

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

const goldenTime = Time(1795521600123456)

func sum(digit byte) (s Sum) {
	for i := range s {
		s[i] = digit
	}
	return s
}

// golden is every object that the server says, as the contract shows it. web/client reads the same files.
func golden() map[string]Reply {
	limits := DefaultLimits()
	withTokens := limits
	withTokens.TokenGrace = 30 * time.Second
	text := `"hi \"there\" 👋\n"`
	return map[string]Reply{
		"welcome":          Welcome{Session: "s1", User: "ann", Version: "1.0", Now: goldenTime, Limits: &limits},
		"joined":           Joined{Conversation: "lobby", Log: "9f2c", First: 9, Last: 58, Sum: sum('a'), Read: 57, Online: AppendNames(nil, []UserID{"ann", "bob"}), Count: 2, Reads: []byte(`{"bob":57}`)},
		"joined-empty":     Joined{Ref: "r1", Conversation: "lobby", First: 1, Online: []byte(`["ann"]`), Count: 1, Reads: []byte(`{}`)},
		"message":          &goldenMessage{Message{Conversation: "lobby", Seq: 58, ID: "c1", From: "ann", Name: "Ann", Time: goldenTime, Text: text, Target: 41, Meta: `{"a":[1,2]}`}},
		"message-least":    &goldenMessage{Message{Conversation: "lobby", Seq: 1, From: "ann", Time: goldenTime, Text: `"x"`}},
		"message-first":    &goldenMessage{Message{Conversation: "lobby", Seq: 1, From: "ann", Time: goldenTime, Text: `"x"`, Meta: `{"a":1}`, Log: "9f2c"}},
		"message-redacted": &goldenMessage{Message{Conversation: "lobby", Seq: 58, From: "ann", Time: goldenTime, Redacted: true}},
		"ack":              Ack{ID: "c1", Conversation: "lobby", Seq: 58, Time: goldenTime, Sum: sum('b')},
		"ack-duplicate":    Ack{Ref: "r", ID: "c1", Conversation: "lobby", Seq: 58, Time: goldenTime, Sum: sum('b'), Duplicate: true},
		"ack-first":        Ack{Ref: "r", ID: "c1", Conversation: "lobby", Seq: 1, Time: goldenTime, Sum: sum('b'), Log: "9f2c"},
		"last":             Last{Conversation: "lobby", Last: 59, Time: goldenTime},
		"left":             Left{Conversation: "lobby"},
		"left-unasked":     Left{Conversation: "lobby", Code: CodeForbidden, Reason: "your permission was withdrawn"},
		"history":          History{Conversation: "lobby", Messages: []byte(`{"type":"message","seq":1}`), More: true},
		"presence-joined":  Presence{Conversation: "lobby", User: "bob", Event: "joined", Count: 3},
		"presence-count":   Presence{Conversation: "lobby", Count: 4312},
		"presence-online":  Presence{Conversation: "lobby", Count: 1, Online: []byte(`["ann"]`)},
		"typing":           Typing{Conversation: "lobby", User: "bob"},
		"read":             Read{Conversation: "lobby", User: "bob", Seq: 57},
		"pong":             Pong{},
		"welcome-token": Welcome{
			Session: "s1", User: "ann", Name: "Ann Lee", Version: "1.0", Now: goldenTime, Expires: goldenTime + 3600e6,
			Limits: &withTokens,
		},
		"token":               Renewed{Ref: "r1", Expires: goldenTime + 3600e6},
		"error":               Failure{ID: "c1", Conversation: "lobby", Err: Unavailable("a sentence for a person", 1500*time.Millisecond)},
		"error-without-place": Failure{Ref: "r1", Err: BadRequest("no \"type\"")},
	}
}

type goldenMessage struct{ Message }

func (m *goldenMessage) AppendJSON(dst []byte) []byte { return m.Message.AppendJSON(dst, nil) }

func TestEveryReplyIsTheContractsByteForByte(t *testing.T) {
	replies := golden()
	for name, r := range replies {
		got := string(r.AppendJSON(nil))
		path := filepath.Join("testdata", "golden", name+".json")
		if *update {
			if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got+"\n" != string(want) {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
	files, _ := filepath.Glob("testdata/golden/*.json")
	if len(files) != len(replies) {
		t.Errorf("%d golden files for %d replies", len(files), len(replies))
	}
}

func TestAMessageComesBackFromItsEncoding(t *testing.T) {
	for _, name := range []string{"message", "message-least", "message-first", "message-redacted"} {
		want := golden()[name].(*goldenMessage).Message
		wire := want.AppendJSON(nil, nil)
		got, err := ParseMessage(wire)
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v\nwant %+v", name, got, err, want)
		}
		if seq, ok := EntrySeq(wire); !ok || seq != want.Seq {
			t.Errorf("%s: EntrySeq %d %v, want %d", name, seq, ok, want.Seq)
		}
	}
}

func TestAFrameHoldsItsPayloadWhateverItsSize(t *testing.T) {
	for _, n := range []int{2, 3, 125, 126, 127, 65535, 65536, 300_000} {
		before := []byte("before")
		frame := FrameTo(before, filler(n))[len(before):]
		if got := len(Payload(frame)); got != n {
			t.Errorf("a payload of %d bytes came back with %d", n, got)
		}
		if again := AppendFrame(nil, Payload(frame)); string(again) != string(frame) {
			t.Errorf("FrameTo and AppendFrame differ at %d bytes", n)
		}
	}
}

type filler int

func (f filler) AppendJSON(dst []byte) []byte {
	for range f {
		dst = append(dst, 'x')
	}
	return dst
}
