package disk

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"verbatim/persistence/datadir"
	"verbatim/persistence/inspect"
	"verbatim/persistence/journal"
	"verbatim/persistence/recordtest"
	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// forgery changes the entry in lines[i], which has others before and after it, in a way that a reader would not see.
// It returns the index of the first line that is not what was written.
type forgery func(rng *rand.Rand, lines []string, i int) ([]string, int)

var (
	authorField = regexp.MustCompile(`"from":"[^"]*"`)
	timeField   = regexp.MustCompile(`"time":"[^"]*"`)
	textField   = regexp.MustCompile(`"text":"[^"]*"`)
	idField     = regexp.MustCompile(`"id":"[^"]*"`)
	saltField   = regexp.MustCompile(`,"salt":"([^"]*)","sum":"([^"]*)"}`)
)

// replaced puts another value in the place of a field's, as long as the one before.
func replaced(field *regexp.Regexp, value func(rng *rand.Rand, n int) string) forgery {
	return func(rng *rand.Rand, lines []string, i int) ([]string, int) {
		lines[i] = field.ReplaceAllStringFunc(lines[i], func(was string) string {
			name, old, _ := strings.Cut(was, ":")
			for {
				if is := name + `:"` + value(rng, len(old)-2) + `"`; is != was {
					return is
				}
			}
		})
		return lines, i
	}
}

func letters(rng *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + rng.IntN(26))
	}
	return string(b)
}

func someTime(rng *rand.Rand, _ int) string {
	return fmt.Sprintf("20%02d-0%d-1%dT0%d:00:00.%06dZ", rng.IntN(100), 1+rng.IntN(9), rng.IntN(10), rng.IntN(10), rng.IntN(1_000_000))
}

// hashed is the forgery of old: the words are others, and the true c stands as "hash" in the salt's place, so that a
// sum over c alone would hold. spell writes c; the line keeps its length by blanks, which stand before the newline or
// the hash.
func hashed(spell func(c protocol.Sum) string, blanksInside bool) forgery {
	return func(rng *rand.Rand, lines []string, i int) ([]string, int) {
		was := strings.TrimSuffix(lines[i], "\n")
		m := saltField.FindStringSubmatchIndex(was)
		salt, sum := was[m[2]:m[3]], was[m[4]:m[5]]
		digest := sha256.Sum256([]byte(salt + was[:m[0]] + "}"))
		c, _ := protocol.ParseSum(hex.EncodeToString(digest[:16]))
		head := authorField.ReplaceAllString(was[:m[0]], `"from":"eve"`)
		head = textField.ReplaceAllString(head, `"text":"`+letters(rng, 3)+`"`)
		tail := `,"hash":"` + spell(c) + `","sum":"` + sum + `"}`
		blanks := strings.Repeat(" ", max(0, len(was)-len(head)-len(tail)))
		if blanksInside {
			lines[i] = head + blanks + tail + "\n"
		} else {
			lines[i] = head + tail + blanks + "\n"
		}
		return lines, i
	}
}

func hexOf(c protocol.Sum) string { return c.String() }

func base64Of(c protocol.Sum) string {
	b, _ := hex.DecodeString(c.String()) // a sum is hex digits
	return base64.RawURLEncoding.EncodeToString(b)
}

var forgeries = map[string]forgery{
	"re-authored": replaced(authorField, letters),
	"re-dated":    replaced(timeField, someTime),
	"reworded":    replaced(textField, letters),
	"renamed":     replaced(idField, letters),
	"salted anew": replaced(regexp.MustCompile(`"salt":"[^"]*"`), letters),
	"summed anew": replaced(regexp.MustCompile(`"sum":"[^"]*"`), func(rng *rand.Rand, n int) string {
		return fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64())
	}),
	"hashed, as hex, blanks at the end":       hashed(hexOf, false),
	"hashed, as hex, blanks before the hash":  hashed(hexOf, true),
	"hashed, in the salt's length":            hashed(base64Of, false),
	"hashed, in the salt's length, and blank": hashed(base64Of, true),
	"blanked": func(_ *rand.Rand, lines []string, i int) ([]string, int) {
		lines[i] = textField.ReplaceAllStringFunc(lines[i], func(was string) string {
			return `"text":"` + strings.Repeat(" ", len(was)-len(`"text":""`)) + `"`
		})
		return lines, i
	},
	"blanked whole": func(_ *rand.Rand, lines []string, i int) ([]string, int) {
		lines[i] = strings.Repeat(" ", len(lines[i])-1) + "\n"
		return lines, i
	},
	"followed by blanks": func(_ *rand.Rand, lines []string, i int) ([]string, int) {
		lines[i] = strings.TrimSuffix(lines[i], "\n") + " \n"
		return lines, i
	},
	"given a field more": func(_ *rand.Rand, lines []string, i int) ([]string, int) {
		lines[i] = strings.Replace(lines[i], `,"salt":`, `,"redacted":true,"salt":`, 1)
		return lines, i
	},
	"swapped": func(_ *rand.Rand, lines []string, i int) ([]string, int) {
		lines[i], lines[i+1] = lines[i+1], lines[i]
		return lines, i
	},
	"swapped in all but its place": func(_ *rand.Rand, lines []string, i int) ([]string, int) {
		seq := regexp.MustCompile(`"seq":\d+`)
		a, b := seq.FindString(lines[i]), seq.FindString(lines[i+1])
		lines[i], lines[i+1] = strings.Replace(lines[i+1], b, a, 1), strings.Replace(lines[i], a, b, 1)
		return lines, i
	},
	"left out": func(_ *rand.Rand, lines []string, i int) ([]string, int) {
		return append(lines[:i:i], lines[i+1:]...), i
	},
	"doubled": func(_ *rand.Rand, lines []string, i int) ([]string, int) {
		return append(lines[:i+1:i+1], lines[i:]...), i + 1
	},
	"cut": func(rng *rand.Rand, lines []string, i int) ([]string, int) {
		lines[i] = lines[i][:1+rng.IntN(len(lines[i])-2)] + "\n"
		return lines, i
	},
	"cut off with all that follows": func(_ *rand.Rand, lines []string, i int) ([]string, int) {
		return lines[:i], i
	},
}

// 50 of each of 20 kinds: a thousand forgeries. The receipt is of an entry before the forged one, so that it fits.
func TestAThousandForgedLinesAreNamedByFileAndLine(t *testing.T) {
	dir := t.TempDir()
	b := bench(t, dir, Options{})
	const entries = 40
	var receipt transcript.Receipt
	for i := range entries {
		s := recordtest.Say("lobby", fmt.Sprint("user", i%7), fmt.Sprint("id", i), "message number "+fmt.Sprint(i))
		if b.Accept(s); i == 0 {
			receipt = transcript.Receipt{ID: "lobby", Seq: s.Seq, Sum: s.Sum}
		}
	}
	if err := b.Record.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "transcripts", "lobby"+transcript.Suffix)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(forgeries) != 20 {
		t.Fatalf("%d kinds of forgery, want 20", len(forgeries))
	}
	for name, forge := range forgeries {
		rng := rand.New(rand.NewPCG(1, uint64(len(name)))) // the same forgeries in every run
		for n := range 50 {
			lines := strings.SplitAfter(strings.TrimSuffix(string(whole), "\n"), "\n")
			lines[len(lines)-1] += "\n"
			lines, at := forge(rng, lines, 2+rng.IntN(entries-2)) // neither the log line, nor the first or the last entry
			if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
				t.Fatal(err)
			}
			found, err := verify(t, dir, receipt)
			if l := found["lobby"]; err == nil || l.Err == nil || l.Line != at+1 || l.File != path {
				t.Fatalf("%s, %d: verify says %v, and %q of lobby; want line %d of %s", name, n, err, l, at+1, path)
			}
			shown := 0
			err = inspect.Lines(dir, "lobby", func([]byte) error { shown++; return nil })
			if err == nil || shown > at {
				t.Fatalf("%s, %d: %d lines were shown, and then %v; want at most %d, and an error",
					name, n, shown, err, at)
			}
		}
	}
}

// What a running server reads of a forged transcript is refused where it takes lines one after another, and a hash
// line is refused wherever it is read.
func TestAForgedLineIsNotRead(t *testing.T) {
	for _, name := range []string{"re-authored", "hashed, in the salt's length, and blank", "hashed, in the salt's length"} {
		dir, _ := closed(t, 10)
		edit(t, dir, "lobby", func(lines []string) []string {
			lines, _ = forgeries[name](rand.New(rand.NewPCG(1, 1)), lines, 5)
			return lines
		})
		r := open(t, dir, Options{})
		shown := 0
		err := r.Lines(t.Context(), "lobby", func([]byte) error { shown++; return nil })
		if err == nil || shown != 5 || !strings.Contains(err.Error(), "lobby.jsonl:6") {
			t.Errorf("%s: Lines gave %d lines and %v; want the 5 before it, and its file and line", name, shown, err)
		}
		if strings.HasPrefix(name, "hashed") {
			if _, err := r.Read(t.Context(), "lobby", 5, 5, 1<<20); err == nil {
				t.Errorf("%s: the entry was read", name)
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAStartRefusesATranscriptThatEndsInAHashLine(t *testing.T) {
	for _, catalogue := range []bool{true, false} {
		dir, _ := closed(t, 10)
		edit(t, dir, "lobby", func(lines []string) []string {
			lines, _ = forgeries["hashed, in the salt's length"](rand.New(rand.NewPCG(1, 1)), lines, 10)
			return lines
		})
		if !catalogue {
			if err := os.Remove(datadir.CataloguePath(dir)); err != nil {
				t.Fatal(err)
			}
		}
		r := open(t, dir, Options{})
		_, err := r.Read(t.Context(), "lobby", 1, 1, 1<<20)
		if err == nil || !strings.Contains(err.Error(), "hash") {
			t.Errorf("with a catalogue: %v: a read says %v, want that there is a hash in the salt's place",
				catalogue, err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAReplayRefusesAHashLine(t *testing.T) {
	for what, change := range map[string]func(lines []byte) []byte{
		"":          func(lines []byte) []byte { return lines },
		"hash":      func(lines []byte) []byte { return bytes.Replace(lines, []byte(saltName), []byte(hashName), 1) },
		"format":    func(lines []byte) []byte { return bytes.Replace(lines, []byte(`"format":2`), []byte(`"format":1`), 1) },
		"salt and ": func(lines []byte) []byte { return bytes.Replace(lines, []byte(saltName), []byte(`,"salz":"`), 1) },
	} {
		x := someRun()
		x.Lines = change(x.Lines)
		p := &replay{known: make(map[protocol.ConversationID]*conversation), replayed: make(map[protocol.ConversationID]*replayed)}
		err := p.run(x)
		if what == "" && err != nil || what != "" && (!errors.Is(err, journal.ErrItem) || !strings.Contains(err.Error(), what)) {
			t.Errorf("%q: the replay says %v", what, err)
		}
	}
}
