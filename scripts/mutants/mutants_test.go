package main

import "testing"

// A mutant that no longer fits the code would break nothing, and be noticed by nobody.
func TestEveryMutantCanBeMade(t *testing.T) {
	t.Chdir("../..")
	dir, names := t.TempDir(), make(map[string]bool)
	for i := range mutants {
		m := &mutants[i]
		if err := m.apply(dir, i); err != nil {
			t.Error(err)
		}
		if packages[m.test] == "" || names[m.name] {
			t.Errorf("%s: its test is in no package, or its name stands twice", m.name)
		}
		names[m.name] = true
	}
}
