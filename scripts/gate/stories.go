package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// storyMark is the line above its package clause by which a Go test file says that its tests need real parts: real
// kills, real faults, real programs.
const storyMark = "//gate:story"

var (
	storiesSeen sync.Map // by module folder and import path: map[string]bool
	goTestName  = regexp.MustCompile(`(?m)^func ((?:Test|Example|Fuzz)\w*)\(`)
)

// storiesOf are the tests of a Go package's files that bear the mark.
func storiesOf(dir, path string) map[string]bool {
	key := [2]string{dir, path}
	found, ok := storiesSeen.Load(key)
	if !ok {
		found, _ = storiesSeen.LoadOrStore(key, readStories(dir, path))
	}
	return found.(map[string]bool)
}

// readStories takes a package that cannot be read for one without stories: so none of its tests runs again.
func readStories(dir, path string) map[string]bool {
	found := map[string]bool{}
	list := exec.Command("go", "list", "-f", "{{.Dir}}", path)
	list.Dir = dir
	folder, err := list.Output()
	if err != nil {
		return found
	}
	files, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(folder)), "*_test.go"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !marked(string(text)) {
			continue
		}
		for _, name := range goTestName.FindAllStringSubmatch(string(text), -1) {
			found[name[1]] = true
		}
	}
	return found
}

// marked reports whether the mark stands on a line of its own above the package clause.
func marked(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == storyMark || strings.HasPrefix(line, storyMark+" ") {
			return true
		}
		if strings.HasPrefix(line, "package ") {
			return false
		}
	}
	return false
}
