package protocol

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf16"
)

type textCase struct {
	Text string
	Seen bool
}

func TestATextNeedsACharacterThatCanBeSeen(t *testing.T) {
	limits := DefaultLimits()
	for _, c := range readCases[textCase](t, "texts.json") {
		raw, err := json.Marshal(c.Text)
		if err != nil {
			t.Fatal(err)
		}
		for _, literal := range []string{string(raw), escaped(c.Text)} {
			r, refused := Decode([]byte(`{"type":"send","conversation":"lobby","id":"c1","text":`+literal+`}`), &limits)
			_, alike := DecodePost([]byte(`{"from":"bot","text":`+literal+`}`), "lobby", "", &limits)
			switch {
			case c.Seen && (refused != nil || alike != nil):
				t.Errorf("%s: refused: %v, %v", literal, refused, alike)
			case c.Seen && (&Message{Text: r.Text}).PlainText() != c.Text:
				t.Errorf("%s became %s", literal, r.Text)
			case !c.Seen && (refused == nil || refused.Code != CodeBadRequest || !strings.Contains(refused.Reason, "can be seen") || r.ID != "c1"):
				t.Errorf("%s: got %v by WebSocket", literal, refused)
			case !c.Seen && (alike == nil || alike.Code != CodeBadRequest):
				t.Errorf("%s: got %v by HTTP", literal, alike)
			}
		}
	}
}

// escaped is a text as a JSON string in which all is escaped, by surrogates where it must be.
func escaped(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, unit := range utf16.Encode([]rune(text)) {
		const hex = "0123456789abcdef"
		b.WriteString(`\u`)
		for shift := 12; shift >= 0; shift -= 4 {
			b.WriteByte(hex[unit>>shift&15])
		}
	}
	return b.String() + `"`
}

func TestLookingAtATextCostsNoAllocation(t *testing.T) {
	limits := DefaultLimits()
	for _, text := range []string{"hello", "你好", "\u200b\u200b😀"} {
		frame := []byte(`{"type":"send","conversation":"lobby","text":"` + text + `"}`)
		if n := testing.AllocsPerRun(100, func() {
			if _, err := Decode(frame, &limits); err != nil {
				t.Fatal(err)
			}
		}); n > 1 { // the copy of the frame
			t.Errorf("%q: %v allocations", text, n)
		}
	}
}

func BenchmarkCanBeSeen(b *testing.B) {
	for name, text := range map[string]string{
		"ascii": strings.Repeat("x", 100), "chinese": strings.Repeat("你", 33), "spaces first": strings.Repeat(" ", 8) + "x",
		"16 kB unseen": strings.Repeat("\u200b", 16384/3),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				canBeSeen(text)
			}
		})
	}
}
