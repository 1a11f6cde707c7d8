package e2e

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestASendNeedsNoJoin(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
		bob.join("lobby")
		ack := ann.send("lobby", "c1", "hi")
		if ack.Conversation != "lobby" || ack.Seq != 1 || ack.Duplicate || ack.has("duplicate") {
			t.Errorf("got %s", ack)
		}
		if m := bob.messages("lobby", 1, 1)[0]; m.From != "ann" {
			t.Errorf("got %s, want it from ann", m)
		}
		ann.never(0, "an entry of what it did not join", ofType("message"))
	})
}

func TestAcksComeInTheOrderSentAndSeqsToo(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
		const n = 400
		for i := 1; i <= n; i++ {
			ann.say(`{"type":"send","conversation":"lobby","id":"a%d","text":"%d"}`, i, i)
			bob.say(`{"type":"send","conversation":"lobby","id":"b%d","text":"%d"}`, i, i)
		}
		for _, c := range []*client{ann, bob} {
			seq, at := 0, ""
			for i := 1; i <= n; i++ {
				f := c.expect("an ack", ofType("ack"))
				if want := fmt.Sprintf("%s%d", c.name[:1], i); f.ID != want {
					t.Fatalf("ack %d of %s is for %s, want %s", i, c.name, f.ID, want)
				}
				if f.Seq <= seq || f.Time < at {
					t.Fatalf("%s: seq %d at %s after %d at %s", c.name, f.Seq, f.Time, seq, at)
				}
				seq, at = f.Seq, f.Time
			}
		}
		// And the time never goes back in the whole conversation.
		at := ""
		for after := 0; after < 2*n; after += 400 {
			p := ann.history("lobby", fmt.Sprintf(`"after":%d`, after), `"limit":400`)
			p.wantSeqs(t, "history", after+1, after+400, after+400 < 2*n)
			for _, m := range p.entries {
				if m.Time < at {
					t.Fatalf("seq %d at %s, before %s", m.Seq, m.Time, at)
				}
				at = m.Time
			}
		}
	})
}

func TestTargetAndMetaComeBack(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
		bob.join("lobby")
		ann.send("lobby", "c1", "question")
		filling := strings.Repeat("y", 4096-len(`{"k":""}`))
		metas := []string{
			`{}`, `{"a":null,"b":[1,2.5,-3e-7,{"c":"d"}],"e":{"f":{}}}`,
			`{"big":9007199254740993,"huge":123456789012345678901234567890}`,
			`{"t":"\u2028 \" \\ / \ud83e\udd8a 🦊"}`, `{"":""}`, `{"k":"` + filling + `"}`,
		}
		for i, meta := range metas {
			seq := i + 2
			if ack := ann.send("lobby", fmt.Sprintf("m%d", i), "answer", `"target":1`, `"meta":`+meta); ack.Seq != seq {
				t.Fatalf("got %s, want seq %d", ack, seq)
			}
			m := bob.expect("the message", func(f frame) bool { return f.Seq == seq })
			if m.Target != 1 {
				t.Errorf("got %s, want target 1", m)
			}
			if !equalJSON(t, string(m.Meta), meta) {
				t.Errorf("meta: got %s, want %s", m.Meta, meta)
			}
		}
		// The target may be the last one there is.
		ann.send("lobby", "last", "answer", fmt.Sprintf(`"target":%d`, len(metas)+1))
	})
}

// equalJSON compares values; numbers as they are written, so that none loses digits on the way.
func equalJSON(t testing.TB, a, b string) bool {
	t.Helper()
	decode := func(s string) (v any) {
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatalf("JSON %s: %v", s, err)
		}
		return v
	}
	return reflect.DeepEqual(decode(a), decode(b))
}

func TestOverItsRateASessionIsReadMoreSlowlyAndNothingIsRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, "--send-rate", "100") // bursts of 200
	ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
	began := parsed(t, ann.welcome.Now)
	last := ann.sendMany("lobby", "a", 400)
	// A busy machine may take longer; session's TestOverItsRateASessionIsReadMoreSlowly looks at both ends in a bubble.
	if took := parsed(t, last.Time).Sub(began).Seconds(); took < 1.5 {
		t.Errorf("400 sends at 100 a second with a burst of 200 took %.2f s, want about 2", took)
	}
	// Another session has a rate of its own.
	bob.send("lobby", "b1", "hi")
}
