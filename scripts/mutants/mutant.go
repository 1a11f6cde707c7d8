package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// mutant is a server that breaks a promise.
type mutant struct {
	name  string
	test  test // that must fail
	edits []edit
}

// test is a test of a package.
type test struct{ folder, name string }

// write makes the mutant's files in a folder, and the overlay that puts them in the place of the tree's.
func (m *mutant) write(t tree, dir string, number int) error {
	files := make(map[string]*function) // any of the file's functions: each has the file's text
	changes := make(map[string][]change)
	for _, e := range m.edits {
		f, at, err := e.find(t)
		if err != nil {
			return fmt.Errorf("mutant %q can no longer be made: %w; mend scripts/mutants/mutants.go", m.name, err)
		}
		files[f.file] = f
		changes[f.file] = append(changes[f.file], change{at, e.to})
	}

	replace := make(map[string]string)
	for _, file := range slices.Sorted(maps.Keys(files)) {
		text, err := changed(files[file].text, changes[file])
		if err != nil {
			return fmt.Errorf("mutant %q: %w", m.name, err)
		}
		full, err := filepath.Abs(file)
		if err != nil {
			return err
		}
		replace[full] = filepath.Join(dir, fmt.Sprintf("%d-%d-%s", number, len(replace), filepath.Base(file)))
		if err := os.WriteFile(replace[full], text, 0o600); err != nil {
			return err
		}
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
