package e2e

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
)

// texts are what must come back byte for byte: raw in the frame's UTF-8, or as JSON escapes.
var texts = map[string]string{
	"one byte":                   `"a"`,
	"white space around":         `"  a \t\n"`,
	"line feeds":                 `"a\nb\r\nc\n"`,
	"control escapes":            `"\u0001\u0002\u001f\u007f\u0085\b\fa"`,
	"quotes and backslashes":     `"\"\\\"\\\\ \/ /"`,
	"HTML":                       `"<script>alert('&amp;')</script>"`,
	"U+2028 and U+2029":          "\"a\u2028b\u2029c\"",
	"U+2028, escaped":            `"a\u2028b\u2029c"`,
	"emoji":                      `"🦊👩‍👩‍👧‍👦🏳️‍🌈👍🏽"`,
	"emoji, escaped":             `"\ud83e\udd8a\uD83D\uDC4D"`,
	"right to left":              `"שלום עולם مرحبا بالعالم"`,
	"bidirectional overrides":    "\"\u202eevil\u202c \u2066x\u2069\"",
	"combining and not":          "\"e\u0301 \u00e9\"",
	"zero width":                 "\"a\u200bb\u200dc\ufeff\"",
	"Chinese, Greek, Devanagari": `"你好 Γειά नमस्ते"`,
	"the replacement character":  "\"\ufffd\"",
	"noncharacters":              "\"\ufffe\uffff\U0010ffff\"",
	"letters escaped needlessly": `"\u0041\u00e9"`,
	"what looks like JSON":       `"{\"type\":\"ack\"}"`,
	"a raw DEL":                  "\"\u007fa\"",
	"16384 bytes":                `"` + strings.Repeat("x", 16384) + `"`,
	"16384 bytes of emoji":       `"` + strings.Repeat("🦊", 4096) + `"`,
	"16384 bytes, all escaped":   `"` + strings.Repeat(`\u0001`, 16383) + `\u0041"`,
	"16384 bytes of quotes":      `"` + strings.Repeat(`\"`, 16384) + `"`,
}

func TestATextComesBackByteForByteEverywhere(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
		bob.join("lobby")
		want := map[int]string{}
		for what, literal := range texts {
			var text string
			if err := json.Unmarshal([]byte(literal), &text); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			ack := ann.ask(`{"type":"send","conversation":"lobby","text":%s}`, literal)
			if ack.Type != "ack" {
				t.Errorf("%s: got %s, want ack", what, ack)
				continue
			}
			want[ack.Seq] = text
		}
		n := len(want)
		same := func(door string, entries []frame) {
			t.Helper()
			if len(entries) != n {
				t.Fatalf("%s: %d entries, want %d", door, len(entries), n)
			}
			for _, m := range entries {
				if m.Text != want[m.Seq] {
					t.Errorf("%s: got %.100q, want %.100q", door, m.Text, want[m.Seq])
				}
			}
		}
		same("live", bob.messages("lobby", 1, n))
		late := s.dial(t, "late")
		late.join("lobby", `"after":0`)
		same("joined later", late.messages("lobby", 1, n))
		same("history", ann.wholeHistory("lobby"))
		same("HTTP", s.wholePage(t, "lobby"))
		s.crash() // from the record alone
		again := s.dial(t, "again")
		again.join("lobby", `"after":0`)
		same("after a crash", again.messages("lobby", 1, n))
	})
}

// wholeHistory reads a conversation page by page from its first entry.
func (c *client) wholeHistory(conversation string) (all []frame) {
	c.t.Helper()
	for {
		p := c.history(conversation, `"limit":1000`, `"after":`+lastSeq(all))
		all = append(all, p.entries...)
		if !p.more {
			return all
		}
	}
}

// wholePage does the same over HTTP.
func (s *server) wholePage(t testing.TB, conversation string) (all []frame) {
	t.Helper()
	for {
		_, p := s.page(t, conversation, "limit=1000&after="+lastSeq(all))
		all = append(all, p.entries...)
		if !p.more {
			return all
		}
	}
}

// lastSeq is where to go on after these entries, as a number in a request.
func lastSeq(entries []frame) string {
	if len(entries) == 0 {
		return "0"
	}
	return strconv.Itoa(entries[len(entries)-1].Seq)
}
