package protocol

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// readCases reads a file of cases that the TypeScript client's tests read too.
func readCases[T any](t testing.TB, file string) (cases []T) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err == nil {
		err = json.Unmarshal(text, &cases)
	}
	if err != nil || len(cases) == 0 {
		t.Fatalf("testdata/%s: %v, %d cases", file, err, len(cases))
	}
	return cases
}

// nameCase is a name as somebody gives it, and what becomes of it: its normal form, or a refusal with these words.
type nameCase struct{ Raw, Name, Refused string }

func TestANameIsTakenInItsNormalFormOrRefusedByItsCharacter(t *testing.T) {
	for _, c := range readCases[nameCase](t, "names.json") {
		name, err := Name(c.Raw)
		switch {
		case c.Refused == "" && (err != nil || string(name) != c.Name):
			t.Errorf("%+q: got %+q, %v, want %+q", c.Raw, name, err, c.Name)
		case c.Refused != "" && (err == nil || name != "" || !strings.Contains(err.Reason, c.Refused)):
			t.Errorf("%+q: got %+q, %v, want a reason with %q", c.Raw, name, err, c.Refused)
		case err != nil && (err.Code != CodeTooLarge) == strings.Contains(c.Refused, "at most"):
			t.Errorf("%+q: got the code %s", c.Raw, err.Code)
		}
	}
}

func TestWhoeverLooksTheSameBySpacesOrSpellingIsTheSameUser(t *testing.T) {
	for _, raw := range []string{"Zoe\u0308 B", " Zo\u00eb B", "Zo\u00eb\u00a0\u2009B ", "\uff3ao\u00eb  \uff22"} {
		if name, err := Name(raw); err != nil || name != "Zo\u00eb B" {
			t.Errorf("%+q: got %+q, %v", raw, name, err)
		}
	}
	if ann, _ := Name("ann"); ann == "Ann" {
		t.Error("Ann and ann are two users")
	}
}

func TestARefusalNamesACharacterThatWasTyped(t *testing.T) {
	named := regexp.MustCompile(`U\+[0-9A-F]{4,6}`)
	for r := rune(0); r <= 0xe1000; r++ {
		if r == 0x20000 {
			r = 0xe0000
		}
		unassigned := !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.C)
		if (unassigned || unicode.In(r, unicode.Han, unicode.Hangul)) && r%64 != 0 {
			continue // they are all alike, and the race detector is slow
		}
		for _, raw := range [...]string{string(r), "a" + string(r) + "b", "カ・" + string(r)} {
			_, err := Name(raw)
			if err == nil || strings.Contains(err.Reason, "empty") || strings.Contains(err.Reason, "or what it was made of") {
				continue
			}
			typed := false
			for _, c := range raw {
				typed = typed || slices.Contains(named.FindAllString(err.Reason, -1), fmt.Sprintf("%U", c))
			}
			known := unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cf, unicode.Co)
			if !typed || known && strings.Contains(err.Reason, "is no character") {
				t.Errorf("%+q: %s", raw, err.Reason)
			}
		}
	}
	for raw, want := range map[string]string{
		"・": "U+30FB", "l·l a·b": "U+00B7", "カ・ナ a·b": "U+00B7", "a·カ・ナ": "U+00B7", "٠۰": "U+0660",
	} {
		if _, err := Name(raw); err == nil || !strings.Contains(err.Reason, want) {
			t.Errorf("%+q: %v, want %s to be named", raw, err, want)
		}
	}
}

func TestANameOfNoUTF8IsRefused(t *testing.T) {
	for _, raw := range []string{"\xff", "ann\xc3", "a\xed\xa0\x80"} {
		if _, err := Name(raw); err == nil || err.Code != CodeBadRequest {
			t.Errorf("%q: got %v", raw, err)
		}
	}
}

func TestEveryCharacterMakesANameThatIsItsOwnNormalFormAndSeen(t *testing.T) {
	for r := rune(0); r <= 0xe1000; r++ { // private use alone comes after
		if r == 0x20000 {
			r = 0xe0000 // between are ideographs, and what is not assigned
		}
		for _, raw := range [...]string{string(r), "a" + string(r)} {
			name, err := Name(raw)
			if err != nil {
				continue
			}
			if again, err := Name(string(name)); err != nil || again != name {
				t.Fatalf("%+q is %+q, and that is %+q, %v", raw, name, again, err)
			}
			if !canBeSeen(string(name)) {
				t.Fatalf("%+q is a name that nobody can see", raw)
			}
		}
		if name, err := Name("a" + string(r)); err == nil && unseen(r) && name != "a" {
			t.Fatalf("a and %U, which nobody can see, is the name %+q", r, name)
		}
	}
}

func TestAPlainNameCostsNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _, _ = Name("load-1234 b") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzName holds that what is accepted is its own normal form, fits, and can be seen.
func FuzzName(f *testing.F) {
	for _, c := range readCases[nameCase](f, "names.json") {
		f.Add(c.Raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		name, err := Name(raw)
		if err != nil {
			if err.Reason == "" || !utf8.ValidString(err.Reason) || name != "" {
				t.Fatalf("%+q: %+q, refused by %+v", raw, name, err)
			}
			return
		}
		if again, err := Name(string(name)); err != nil || again != name {
			t.Fatalf("%+q is %+q, and that is %+q, %v", raw, name, again, err)
		}
		if len(name) == 0 || len(name) > maxName || !canBeSeen(string(name)) || strings.TrimSpace(string(name)) != string(name) {
			t.Fatalf("%+q is the name %+q", raw, name)
		}
	})
}
