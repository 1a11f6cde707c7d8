package disk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"verbatim/persistence/datadir"
	"verbatim/persistence/inspect"
	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// Who changes a line can make its sum and all behind it fit. What the line says is then still not what this program
// writes.
func TestALineThatThisProgramDoesNotWriteIsNamedThoughAllSumsFit(t *testing.T) {
	for what, change := range map[string][2]string{
		"a seq with a zero":             {`"seq":3`, `"seq":03`},
		"a seq with an exponent":        {`"seq":3`, `"seq":3e0`},
		"a seq with a fraction":         {`"seq":3`, `"seq":3.0`},
		"a second seq":                  {`"seq":3`, `"seq":3,"seq":1`},
		"another conversation":          {`"lobby"`, `"kitchen"`},
		"a conversation that is none":   {`"lobby"`, `"LOBBY"`},
		"no author":                     {`"from":"ann",`, ``},
		"another type":                  {`"type":"message"`, `"type":"redaction"`},
		"a log beyond entry 1":          {`,"text":`, `,"log":"0123456789abcdef0123456789abcdef","text":`},
		"a log at the end":              {`}`, `,"log":"0123456789abcdef0123456789abcdef"}`},
		"a redaction":                   {`"text":`, `"redacted":true,"text":`},
		"a hash beside the salt":        {`}`, `,"hash":"0123456789abcdef0123456789abcdef"}`},
		"an unknown field":              {`}`, `,"x":1}`},
		"no JSON":                       {`}`, `}}`},
		"an empty field":                {`}`, `,}`},
		"a name with an escape":         {`"text"`, `"te\u0078t"`},
		"a name in another case":        {`"text"`, `"Text"`},
		"a text that is a number":       {`,"text":"`, `,"text":5,"meta":"`},
		"a second author":               {`"from":`, `"from":"eve","from":`},
		"blanks":                        {`,"text":`, `, "text":`},
		"a carriage return":             {`}`, "\r}"},
		"a byte that is no UTF-8":       {`"text":"`, "\"text\":\"\xff\xfe"},
		"a NUL":                         {`"text":"`, "\"text\":\"\x00"},
		"fields in another order":       {`"seq":3,"id"`, `"id":"x","seq":3,"ID"`},
		"a target that is none":         {`}`, `,"target":0}`},
		"a time without its last digit": {`Z"`, `"`},
		"a time that goes back":         {`"time":"2`, `"time":"1`},
	} {
		dir, _ := closed(t, 6)
		resummed(t, dir, 3, func(wire string) string { return strings.Replace(wire, change[0], change[1], 1) })
		namesLine(t, what, dir, 4)
	}
	dir, _ := closed(t, 6)
	resummed(t, dir, 1, func(wire string) string { return wire[:strings.Index(wire, `,"log":`)] + "}" })
	namesLine(t, "entry 1 without its log", dir, 2)
	dir, _ = closed(t, 6)
	resummed(t, dir, 1, func(wire string) string {
		return wire[:strings.Index(wire, `,"log":`)] + `,"log":"0123456789abcdef0123456789abcdef"}`
	})
	namesLine(t, "entry 1 with another log", dir, 2)
}

// What verify finds cut off, an export does not pass over.
func TestAnExportOfATranscriptWhoseLastLineIsCutOffFails(t *testing.T) {
	for _, rest := range []string{"", "\n" + `{"type":"mess`, "\n" + strings.Repeat("\x00", 100)} {
		dir, _ := closed(t, 3)
		path := filepath.Join(dir, "transcripts", "lobby"+transcript.Suffix)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.TrimSuffix(string(b), "\n")+rest), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(datadir.CataloguePath(dir)); err != nil {
			t.Fatal(err)
		}
		if _, err := verify(t, dir); err == nil {
			t.Errorf("%q: verify finds it whole", rest)
		}
		err = inspect.Lines(dir, "lobby", func([]byte) error { return nil })
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "cut off") {
			t.Errorf("%q: an export says %v, want the file, and that it is cut off", rest, err)
		}
	}
}

// resummed changes an entry of the lobby, makes all sums from there on fit, and removes the catalogue, which has the
// last.
func resummed(t *testing.T, dir string, entry int, change func(wire string) string) {
	t.Helper()
	path := filepath.Join(dir, "transcripts", "lobby"+transcript.Suffix)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	head, ok := transcript.ParseLogLine([]byte(lines[0]))
	if !ok {
		t.Fatalf("no log line: %s", lines[0])
	}
	out, sum := []byte(lines[0]+"\n"), head.Sum
	for i, line := range lines[1:] {
		e, ok := transcript.ParseEntryLine([]byte(line))
		if !ok {
			t.Fatalf("no entry: %s", line)
		}
		wire := string(e.AppendWire(nil))
		if i+1 == entry {
			was := wire
			if wire = change(was); wire == was {
				t.Fatalf("nothing was changed: %s", was)
			}
		}
		out, sum = transcript.AppendEntryLine(out, append(append([]byte{}, e.Salt...), wire...), sum)
	}
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(datadir.CataloguePath(dir)); err != nil {
		t.Fatal(err)
	}
}

// namesLine holds verify to a line of the lobby, and an export to end before it.
func namesLine(t *testing.T, what, dir string, line int) {
	t.Helper()
	found, err := verify(t, dir)
	if l := found[protocol.ConversationID("lobby")]; err == nil || l.Err == nil || l.Line != line {
		t.Errorf("%s: verify says %v, and %q; want line %d", what, err, l, line)
	}
	shown := 0
	if err := inspect.Lines(dir, "lobby", func([]byte) error { shown++; return nil }); err == nil || shown != line-1 {
		t.Errorf("%s: an export showed %d lines, and then %v; want %d and an error", what, shown, err, line-1)
	}
}
