package main

import (
	"errors"
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

// hunt is one run of mutants.
type hunt struct {
	dir         string // of what is compiled
	seeds, from int
	survived    []string
}

// run makes all mutants, then tries those whose name contains a text.
func (h *hunt) run(only string) (err error) {
	if _, err := os.Stat("go.mod"); err != nil {
		return fmt.Errorf("run it from the repository's root: %w", err)
	}
	if h.dir, err = os.MkdirTemp("", "mutants"); err != nil {
		return err
	}
	defer os.RemoveAll(h.dir)
	// All are made before anything runs: those that can no longer be made are known at once.
	t := make(tree)
	var stale []error
	for i := range mutants {
		stale = append(stale, mutants[i].write(t, h.dir, i))
	}
	if err := errors.Join(stale...); err != nil {
		return err
	}

	began := time.Now()
	tried, err := h.tryAll(only)
	if err != nil {
		return err
	}
	if len(h.survived) > 0 {
		return fmt.Errorf("%d of %d survived: %s", len(h.survived), tried, strings.Join(h.survived, "; "))
	}
	fmt.Printf("all %d were noticed, in %v\n", tried, time.Since(began).Round(time.Second))
	return nil
}

func (h *hunt) tryAll(only string) (tried int, err error) {
	h.row("mutant", "noticed by", "after", "what it said")
	var passed []test
	for i := range mutants {
		m := &mutants[i]
		if strings.Contains(m.name, only) && !slices.Contains(passed, m.test) {
			if err := h.healthy(m.test); err != nil {
				return 0, err
			}
			passed = append(passed, m.test)
		}
	}
	for i := range mutants {
		if m := &mutants[i]; strings.Contains(m.name, only) {
			tried++
			if err := h.try(m, i); err != nil {
				return tried, err
			}
		}
	}
	return tried, nil
}

// row prints one line of the table.
func (h *hunt) row(mutant, test, after, said string) {
	fmt.Printf("%-60s  %-60s  %5s  %s\n", mutant, test, after, said)
}

// healthy runs a test on the tree as it is.
func (h *hunt) healthy(t test) error {
	began := time.Now()
	binary, err := h.compile("", t)
	if err != nil {
		return err
	}
	out, err := h.test(binary, t)
	if err != nil {
		return fmt.Errorf("the tree as it is does not pass %s: mend that first\n%s", t.name, out)
	}
	h.row("(none)", t.name, seconds(began), "passes, as it must")
	return nil
}

// try runs a mutant's test on the mutant. A test that ends in another way than by failing is an error.
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
	case !strings.Contains(out, "--- FAIL: "+m.test.name) && !strings.Contains(out, "panic: "):
		return fmt.Errorf("%s: %s ended, and not by failing: %w\n%s", m.name, m.test.name, err, out)
	default:
		said = reason(out)
	}
	h.row(m.name, m.test.name, seconds(began), said)
	return nil
}

func seconds(since time.Time) string { return fmt.Sprintf("%.0f s", time.Since(since).Seconds()) }

// compile makes the test binary of the package that a test is in, with an overlay if its path is not "".
func (h *hunt) compile(overlay string, t test) (string, error) {
	binary := filepath.Join(h.dir, "mutant.test")
	args := []string{"test", "-c", "-o", binary}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	out, err := exec.Command("go", append(args, "./"+t.folder)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
}

func (h *hunt) test(binary string, t test) (string, error) {
	args := []string{"-test.run", "^" + t.name + "$", "-test.timeout", "2m", "-test.v"}
	if t.folder == "simulation" {
		args = append(args, "-seeds", strconv.Itoa(h.seeds), "-from", strconv.Itoa(h.from))
	}
	cmd := exec.Command(binary, args...)
	cmd.Dir = t.folder
	out, err := cmd.CombinedOutput()
	return string(out), err
}

var seedLine = regexp.MustCompile(`seed (\d+): (.*)`)

// reason returns what a failing test says first, shortened.
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
