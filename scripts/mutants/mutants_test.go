package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A mutant that no longer fits the code would break nothing, and no test would notice it.
func TestEveryMutantCanBeMade(t *testing.T) {
	t.Chdir("../..")
	dir, names, whole := t.TempDir(), make(map[string]bool), make(tree)
	for i := range mutants {
		m := &mutants[i]
		if err := m.write(whole, dir, i); err != nil {
			t.Error(err)
		}
		if names[m.name] {
			t.Errorf("two mutants have the name %q", m.name)
		}
		names[m.name] = true
	}
}

// A test that is gone would notice nothing, and its mutants would survive for want of it.
func TestEveryTestOfAMutantIsThere(t *testing.T) {
	for i := range mutants {
		folder, name := mutants[i].test.folder, mutants[i].test.name
		files, err := filepath.Glob(filepath.Join("../..", folder, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(text), "\nfunc "+name+"(t *testing.T)")
		}
		if !found {
			t.Errorf("mutant %q: %s has no %s", mutants[i].name, folder, name)
		}
	}
}

// inTree makes a folder with these files, and makes it the working directory.
func inTree(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}

const shop = `package shop

type till[T any] struct{ open bool }

// close is not what the edit looks for: close(
func (t *till[T]) close(sums ...int) (err error) {
	if t.open { // count(1, 2)
		err = count(
			1,
			2,
		)
	}
	return err
}

func count(sums ...int) error { return nil }
`

func TestAnEditFindsItsPlaceWhateverTheLinesAndComments(t *testing.T) {
	inTree(t, map[string]string{"old/shop/any.go": shop, "old/shop/any_test.go": "package shop\n"})
	m := mutant{name: "no count", edits: []edit{
		{"old/shop.till.close", `err = count(1, 2)`, `err = nil`},
		{"old/shop.till.close", `if t.open`, `if true`},
		{"old/shop.count", `return nil`, `panic(1)`},
	}}
	dir := t.TempDir()
	if err := m.write(make(tree), dir, 7); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "7-0-any.go"))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(
		"count(\n\t\t\t1,\n\t\t\t2,\n\t\t)", "nil", "if t.open", "if true", "return nil", "panic(1)",
	).Replace(shop)
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAMutantThatCanNoLongerBeMadeSaysWhatIsGone(t *testing.T) {
	inTree(t, map[string]string{"shop/any.go": shop, "bar/bar.go": "package bar\nfunc (b *Bar) tap() { pour(3) }\n"})
	for _, c := range []struct {
		in, from string
		want     []string
	}{
		{"shop.till.shut", `return err`, []string{"shop.till.shut is gone", "it is now in shop.till.close"}},
		{"till.close", `return err`, []string{"the package till is gone"}},
		{"shop", `return err`, []string{"write package.Function or package.Type.Method"}},
		{"shop.count", `pour( 3 )`, []string{"shop.count (shop/any.go) no longer has", "it is now in bar.Bar.tap"}},
		{"shop.till.close", `tap()`, []string{"shop.till.close (shop/any.go) no longer has \"tap()\""}},
		{"shop.till.close", `err`, []string{"has \"err\" 3 times", "add what is before or behind it"}},
	} {
		m := mutant{name: "broken", edits: []edit{{c.in, c.from, ""}}}
		err := m.write(make(tree), t.TempDir(), 0)
		if err == nil {
			t.Errorf("%s, %q: it was made", c.in, c.from)
			continue
		}
		for _, want := range append(c.want, `mutant "broken" can no longer be made: `) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s, %q: got %q, want %q in it", c.in, c.from, err, want)
			}
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s, %q: %q is more than one line", c.in, c.from, err)
		}
	}
}

func TestEditsOfOnePlaceAreRefused(t *testing.T) {
	inTree(t, map[string]string{"shop/any.go": shop})
	m := mutant{name: "twice", edits: []edit{{"shop.count", `return nil`, ""}, {"shop.count", `nil`, "err"}}}
	if err := m.write(make(tree), t.TempDir(), 0); err == nil || !strings.Contains(err.Error(), "the same place") {
		t.Errorf("got %v, want that two edits change the same place", err)
	}
}
