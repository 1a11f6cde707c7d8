// Command mutants breaks the server on purpose, one way at a time, and sees to it that a test notices. Each mutant is a
// change of a few lines, compiled in by `go test -overlay`: the tree is never touched. The tree as it is must pass
// first. It exits with 1 where a mutant survives, and where one can no longer be made because the code is another.
//
//	go run ./scripts/mutants [-run substring] [-seeds 4000] [-from 1]
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	only := flag.String("run", "", "only mutants whose name contains this")
	seeds := flag.Int("seeds", 4000, "seeds that the simulation may try for each mutant")
	from := flag.Int("from", 1, "the first of them")
	flag.Parse()
	h := &hunt{seeds: *seeds, from: *from}
	if err := h.run(*only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// hunt is one run of all mutants.
type hunt struct {
	dir         string // of what is compiled
	seeds, from int
	survived    []string
}

func (h *hunt) run(only string) (err error) {
	if _, err := os.Stat("go.mod"); err != nil {
		return fmt.Errorf("run it from the repository's root: %w", err)
	}
	if h.dir, err = os.MkdirTemp("", "mutants"); err != nil {
		return err
	}
	defer os.RemoveAll(h.dir)
	// All of them are made before anything runs: those that cannot be made are known at once.
	var stale []error
	var tests []string
	for i := range mutants {
		m := &mutants[i]
		stale = append(stale, m.apply(h.dir, i))
		if strings.Contains(m.name, only) && !slices.Contains(tests, m.test) {
			tests = append(tests, m.test)
		}
	}
	if err := errors.Join(stale...); err != nil {
		return err
	}
	began, tried := time.Now(), 0
	h.row("mutant", "noticed by", "after", "what it said")
	for _, test := range tests {
		if err := h.healthy(test); err != nil {
			return err
		}
	}
	for i := range mutants {
		if m := &mutants[i]; strings.Contains(m.name, only) {
			tried++
			if err := h.try(m, i); err != nil {
				return err
			}
		}
	}
	if len(h.survived) > 0 {
		return fmt.Errorf("%d of %d survived: %s", len(h.survived), tried, strings.Join(h.survived, "; "))
	}
	fmt.Printf("all %d were noticed, in %v\n", tried, time.Since(began).Round(time.Second))
	return nil
}

// row prints one line of the table.
func (h *hunt) row(mutant, test, after, said string) {
	fmt.Printf("%-60s  %-60s  %5s  %s\n", mutant, test, after, said)
}

// apply writes the mutant's files, and the overlay that puts them in the place of the tree's.
func (m *mutant) apply(dir string, number int) error {
	replace := make(map[string]string)
	for file, edits := range m.edits() {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		for _, e := range edits {
			if n := bytes.Count(text, []byte(e.from)); n != 1 {
				return fmt.Errorf("%s: it can no longer be made: this stands %d times in %s, want once: %q", m.name, n, file, e.from)
			}
			text = bytes.Replace(text, []byte(e.from), []byte(e.to), 1)
		}
		full, err := filepath.Abs(file)
		if err != nil {
			return err
		}
		changed := filepath.Join(dir, fmt.Sprintf("%d-%s", number, filepath.Base(file)))
		if err := os.WriteFile(changed, text, 0o600); err != nil {
			return err
		}
		replace[full] = changed
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	return os.WriteFile(overlayPath(dir, number), overlay, 0o600)
}

func overlayPath(dir string, number int) string {
	return filepath.Join(dir, fmt.Sprintf("%d.json", number))
}

func (m *mutant) edits() map[string][]edit {
	byFile := make(map[string][]edit)
	for _, e := range m.change {
		byFile[e.file] = append(byFile[e.file], e)
	}
	return byFile
}

// healthy runs a test on the tree as it is.
func (h *hunt) healthy(test string) error {
	began := time.Now()
	binary, err := h.compile("", test)
	if err != nil {
		return err
	}
	out, err := h.test(binary, test)
	if err != nil {
		return fmt.Errorf("the tree as it is does not pass %s: mend that first\n%s", test, out)
	}
	h.row("(none)", test, seconds(began), "passes, as it must")
	return nil
}

func (h *hunt) try(m *mutant, number int) error {
	began := time.Now()
	binary, err := h.compile(overlayPath(h.dir, number), m.test)
	if err != nil {
		return fmt.Errorf("%s: it does not compile: %w", m.name, err)
	}
	out, err := h.test(binary, m.test)
	said := "SURVIVED"
	switch {
	case err == nil:
		h.survived = append(h.survived, m.name)
	case !strings.Contains(out, "--- FAIL: "+m.test) && !strings.Contains(out, "panic: "):
		return fmt.Errorf("%s: %s ended, and not by failing: %w\n%s", m.name, m.test, err, out)
	default:
		said = reason(out)
	}
	h.row(m.name, m.test, seconds(began), said)
	return nil
}

func seconds(since time.Time) string { return fmt.Sprintf("%.0f s", time.Since(since).Seconds()) }

// compile makes the test binary of the package that a test is in, with an overlay where there is one.
func (h *hunt) compile(overlay, test string) (string, error) {
	binary := filepath.Join(h.dir, "mutant.test")
	args := []string{"test", "-c", "-o", binary}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	out, err := exec.Command("go", append(args, "./"+packages[test])...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
}

func (h *hunt) test(binary, test string) (string, error) {
	args := []string{"-test.run", "^" + test + "$", "-test.timeout", "2m", "-test.v"}
	if packages[test] == "simulation" {
		args = append(args, "-seeds", strconv.Itoa(h.seeds), "-from", strconv.Itoa(h.from))
	}
	cmd := exec.Command(binary, args...)
	cmd.Dir = packages[test]
	out, err := cmd.CombinedOutput()
	return string(out), err
}

var seedLine = regexp.MustCompile(`seed (\d+): (.*)`)

// reason is what a failing test says first, shortened.
func reason(out string) string {
	text := out
	if _, after, ok := strings.Cut(out, "panic: "); ok {
		text = "panic: " + after
	} else if found := seedLine.FindAllStringSubmatch(out, -1); found != nil {
		last := found[len(found)-1] // the first is the runner's own
		text = "seed " + last[1] + ": " + last[2]
	} else if _, after, ok := strings.Cut(out, "_test.go:"); ok {
		_, text, _ = strings.Cut(after, ": ")
	}
	text, _, _ = strings.Cut(text, "\n")
	if len(text) > 110 {
		text = text[:110] + "…"
	}
	return text
}
