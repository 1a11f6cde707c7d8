package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

const salted = `,"salt":"AAAAAAAAAAAAAAAAAAAAAA","sum":"0123456789abcdef0123456789abcdef"}`

// transcript makes lines: the log line, and one for each message, given from `"time"` on without its }.
func transcript(rests ...string) Lines {
	return func(yield func([]byte) error) error {
		if err := yield([]byte(`{"type":"log","format":2,"conversation":"lobby","log":"9f","time":"2026-11-24T12:00:00.000000Z","sum":"00"}`)); err != nil {
			return err
		}
		for i, rest := range rests {
			line := `{"type":"message","conversation":"lobby","seq":` + string(rune('1'+i)) + `,"from":"ann",` + rest + salted
			if err := yield([]byte(line)); err != nil {
				return err
			}
		}
		return nil
	}
}

func export(t *testing.T, format string, lines Lines) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, format, "lobby", lines); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const (
	one = `"name":"Ann","time":"2026-11-24T12:00:01.000000Z","text":"one\n  two"`
	two = `"time":"2026-11-24T12:00:02.000000Z","text":"three","target":1,"meta":{"k":[1]}`
)

func TestJSONLIsTheRecordsOwnLines(t *testing.T) {
	var want strings.Builder
	_ = transcript(one, two)(func(line []byte) error { want.Write(append(line, '\n')); return nil })
	if got := export(t, "jsonl", transcript(one, two)); got != want.String() {
		t.Fatalf("got %s, want %s", got, want.String())
	}
}

func TestJSONIsOneObjectWithTheEntriesAsClientsGetThem(t *testing.T) {
	got := export(t, "json", transcript(one, two))
	const head = `{"session_id":"lobby","created_at":"2026-11-24T12:00:00.000000Z","updated_at":"2026-11-24T12:00:02.000000Z","message_count":2,"messages":[`
	if !strings.HasPrefix(got, head) {
		t.Errorf("it begins %.160s, want %s", got, head)
	}
	var object struct {
		Messages []map[string]any `json:"messages"`
	}
	if err := json.Unmarshal([]byte(got), &object); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	if len(object.Messages) != 2 || object.Messages[1]["text"] != "three" || object.Messages[1]["salt"] != nil || object.Messages[1]["sum"] != nil {
		t.Errorf("the messages are %v", object.Messages)
	}
}

func TestJSONLeavesOutWhatComesDuringTheExport(t *testing.T) {
	rests := []string{one}
	got := export(t, "json", func(yield func([]byte) error) error {
		defer func() { rests = append(rests, two) }()
		return transcript(rests...)(yield)
	})
	if !json.Valid([]byte(got)) || strings.Contains(got, "three") || !strings.Contains(got, `"message_count":1`) {
		t.Fatalf("got %s, want the one message that was there", got)
	}
}

func TestTextForPeople(t *testing.T) {
	got := export(t, "txt", transcript(one, two, `"time":"2026-11-24T12:00:03.000000Z","text":"\u001b[31mred\u202e\r[2026-11-24 12:00:00 #1] bob: forged"`))
	const want = `Begun 2026-11-24T12:00:00.000000Z

[2026-11-24 12:00:01 #1] Ann (ann): one
      two
[2026-11-24 12:00:02 #2 to #1] ann: three
[2026-11-24 12:00:03 #3] ann: �[31mred�
    [2026-11-24 12:00:00 #1] bob: forged
`
	if got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

func TestMarkdownTextIsNotMarkup(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`# head`, `> \# head`},
		{`<script>alert(1)</script>`, `> \<script\>alert\(1\)\</script\>`},
		{`*a* _b_ ~c~ **d** \`, `> \*a\* \_b\_ \~c\~ \*\*d\*\* \\`},
		{`[x](javascript:y) ![i](u)`, `> \[x\]\(javascript:y\) \!\[i\]\(u\)`},
		{`http://x.org www.x.org a@b.c`, `> http\://x.org www\.x.org a\@b.c`},
		{"- item", `> \- item`},
		{"1. item", `> 1\. item`},
		{"a\n===", "> a\\\n> \\==="},
		{"a\n---", "> a\\\n> \\---"},
		{"a\n\n    code", "> a\n>\n> \u00a0\u00a0\u00a0\u00a0code"},
		{"\tcode", "> \u00a0\u00a0\u00a0\u00a0code"},
		{"&lt; `x` |", "> \\&lt; \\`x\\` \\|"},
		{"> quote", `> \> quote`},
		{"   - item", "> \u00a0\u00a0\u00a0\\- item"},
		{"name    qty\na\tb  ", "> name\u00a0\u00a0\u00a0 qty\\\n> a\u00a0\u00a0\u00a0 b"},
		{"2\u20663\u2069 \u2067x\u202ay\u2069", "> 2\u20663\u2069 \u2067x\u202ay\u2069"},
		{"a :smile: b", "> a \\:smile: b"},
		{":+1::-1: :100: :heart_eyes:", "> \\:+1:\\:-1: \\:100: \\:heart\\_eyes:"},
		{"at main.js:100:14, 12:30:15", "> at main.js\\:100:14, 12\\:30:15"},
		{"so: it is: a b:c :) :: : d:", "> so: it is: a b:c :\\) :: : d:"},
		{"it's 12:30, ok. Yes", "> it's 12:30, ok. Yes"},
	} {
		quoted, _ := json.Marshal(c.text)
		got := export(t, "md", transcript(`"time":"2026-11-24T12:00:01.000000Z","text":`+string(quoted)))
		if !strings.HasSuffix(got, "\n\n"+c.want+"\n") {
			t.Errorf("%q is %q, want it to end in %q", c.text, got, c.want)
		}
	}
}

func TestMarksOfDirectionStayWithinTheirLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"hi \u2068\u05d0\u05d1\u2069!", "hi \u2068\u05d0\u05d1\u2069!"},               // around a name, as phones write it
		{"\u2067a\nb", "\u2067a\u2069\n    b"},                                         // left open
		{"\u202b\u2066a", "\u202b\u2066a\u2069\u202c"},                                 // one in another
		{"a\u2069\u202cb", "ab"},                                                       // ends of nothing
		{"\u202ba\u2069\u202c", "\u202ba\u202c"},                                       // an end of something else
		{"\u2067a\u202bb\u2069c", "\u2067a\u202bb\u2069c"},                             // closes what it holds
		{"\u2066\u202a\u202bb\u2069c\u202c", "\u2066\u202a\u202bb\u2069c"},             // both, and nothing is left to end
		{"\u202aa\u2067b\u202bc\u2069d", "\u202aa\u2067b\u202bc\u2069d\u202c"},         // and not what is around it
		{"\u2067a\u2066b\u202ac\u2069d\u2069e", "\u2067a\u2066b\u202ac\u2069d\u2069e"}, // one isolate in another
		{"\u2067a\u202cb\u2069", "\u2067ab\u2069"},                                     // an embedding's end does not
		{"\u202ea\u202cb\u202dc", "\ufffdab\ufffdc"},                                   // turned around: nobody types that
		{"\u200fa \u061c\u200e\u200db \u200c", "\u200fa \u061c\u200e\u200db \u200c"},   // these turn nothing beside them
	} {
		quoted, _ := json.Marshal(c.text)
		got := export(t, "txt", transcript(`"time":"2026-11-24T12:00:01.000000Z","text":`+string(quoted)))
		if !strings.HasSuffix(got, "ann: "+c.want+"\n") {
			t.Errorf("%+q is %+q, want it to end in %+q", c.text, got, c.want)
		}
	}
}

func TestARedactedMessageSaysSo(t *testing.T) {
	const erased = `"time":"2026-11-24T12:00:01.000000Z","redacted":true`
	if got := export(t, "txt", transcript(erased)); !strings.Contains(got, "#1] ann: (redacted)") {
		t.Errorf("txt: %s", got)
	}
}

func TestALineWithAHashInItsSaltsPlaceIsNotExported(t *testing.T) {
	line := `{"type":"message","conversation":"lobby","seq":1,"from":"ann","time":"2026-11-24T12:00:01.000000Z","text":"forged"` +
		`,"hash":"0123456789abcdef012345","sum":"0123456789abcdef0123456789abcdef"}`
	for _, format := range []string{"json", "txt", "md"} {
		var b bytes.Buffer
		err := Write(&b, format, "lobby", func(yield func([]byte) error) error {
			if err := yield([]byte(`{"type":"log","format":2,"time":"2026-11-24T12:00:00.000000Z"}`)); err != nil {
				return err
			}
			return yield([]byte(line))
		})
		if err == nil || strings.Contains(b.String(), "forged") {
			t.Errorf("%s: %v, and wrote %s; want an error, and nothing of the line", format, err, b.String())
		}
	}
}

func TestAnErrorOfTheLinesComesThrough(t *testing.T) {
	gone := errors.New("gone")
	for _, format := range Formats {
		var b bytes.Buffer
		err := Write(&b, format, "lobby", func(func([]byte) error) error { return gone })
		if !errors.Is(err, gone) || b.Len() > 0 {
			t.Errorf("%s: %v after %d bytes, want the lines' error and nothing written", format, err, b.Len())
		}
		if ContentType(format) == "" {
			t.Errorf("%s has no content type", format)
		}
	}
	if err := Write(&bytes.Buffer{}, "pdf", "lobby", transcript()); err == nil || !strings.Contains(err.Error(), "jsonl") {
		t.Errorf("an unknown format: %v, want one that says which there are", err)
	}
}
