package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "verbatim"

// rooms is the table of ARCHITECTURE.md: each room and the rooms that it may import.
type rooms map[string][]string

// TestEachRoomImportsOnlyWhatTheTableAllows holds the code to ARCHITECTURE.md. The tests of a room may besides reach
// what lies below the rooms that it may import.
func TestEachRoomImportsOnlyWhatTheTableAllows(t *testing.T) {
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	table, err := readTable(string(text), "room")
	if err != nil {
		t.Fatal(err)
	}
	inner, err := readTable(string(text), "package")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range goList(t) {
		for _, offence := range append(table.offences(p), inner.innerOffences(p)...) {
			t.Error(offence)
		}
	}
}

func TestTheTableOfRoomsIsReadAndOffendersAreNamed(t *testing.T) {
	table, err := readTable("| room | owns | may import |\n|---|---|---|\n"+
		"| `main.go` | the line | all |\n| `hub/` | rings | persistence, `protocol` |\n| `persistence/` | the record | protocol |\n"+
		"| `protocol/` | words | nothing of ours |\n| `e2e/` | promises | protocol |\n| `scripts/` | tools | run, never imported |\n", "room")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		p    listed
		want string
	}{
		{listed{ImportPath: "verbatim", Imports: []string{"fmt", "verbatim/hub"}}, ""},
		{listed{ImportPath: "verbatim/hub", Imports: []string{"verbatim/persistence/disk"}}, ""},
		{listed{ImportPath: "verbatim/persistence/disk", Imports: []string{"verbatim/persistence"}}, ""},
		{listed{ImportPath: "verbatim/persistence/disk", Imports: []string{"verbatim/hub"}}, "verbatim/persistence/disk imports verbatim/hub"},
		{listed{ImportPath: "verbatim/protocol", Imports: []string{"verbatim/hub"}}, "verbatim/protocol imports verbatim/hub"},
		{listed{ImportPath: "verbatim/e2e", XTestImports: []string{"verbatim/hub"}}, "the tests of verbatim/e2e import verbatim/hub"},
		{listed{ImportPath: "verbatim/hub", TestImports: []string{"verbatim/protocol"}}, ""},
		{listed{ImportPath: "verbatim/util"}, "verbatim/util is in no room"},
	} {
		got := strings.Join(table.offences(row.p), "; ")
		if (row.want == "") != (got == "") || !strings.HasPrefix(got, row.want) {
			t.Errorf("%+v: got %q, want %q", row.p, got, row.want)
		}
	}
	if _, err := readTable("| room | may import |\n|---|---|\n| `hub/` | persistense |\n", "room"); err == nil {
		t.Error("a table that names an unknown room was taken")
	}
}

func TestTheTableOfPersistencesPackagesIsReadAndOffendersAreNamed(t *testing.T) {
	inner, err := readTable("| package | owns | may import |\n|---|---|---|\n"+
		"| `persistence` | the contract | nothing of ours |\n| `disk` | the record | `persistence`, `vfs` |\n"+
		"| `vfs` | files | nothing of ours |\n| `vfs/vfstest` | faults | vfs |\n", "package")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		p    listed
		want string
	}{
		{listed{ImportPath: "verbatim/hub", Imports: []string{"verbatim/persistence/disk"}}, ""},
		{listed{ImportPath: "verbatim/persistence/disk", Imports: []string{"verbatim/persistence", "verbatim/persistence/vfs"}}, ""},
		{listed{ImportPath: "verbatim/persistence/vfs", TestImports: []string{"verbatim/persistence/vfs/vfstest"}}, ""},
		{
			listed{ImportPath: "verbatim/persistence/vfs", Imports: []string{"verbatim/persistence/disk"}},
			"verbatim/persistence/vfs imports verbatim/persistence/disk",
		},
		{
			listed{ImportPath: "verbatim/persistence", Imports: []string{"verbatim/persistence/vfs"}},
			"verbatim/persistence imports verbatim/persistence/vfs",
		},
		{listed{ImportPath: "verbatim/persistence/misc"}, "verbatim/persistence/misc is not in"},
	} {
		got := strings.Join(inner.innerOffences(row.p), "; ")
		if (row.want == "") != (got == "") || !strings.HasPrefix(got, row.want) {
			t.Errorf("%+v: got %q, want %q", row.p, got, row.want)
		}
	}
}

// readTable finds the table whose first column has that heading. Its last column lists what each row may import.
func readTable(markdown, heading string) (rooms, error) {
	table := rooms{}
	cells := map[string]string{}
	inside := false
	for line := range strings.Lines(markdown) {
		row := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		first, last := strings.TrimSpace(row[0]), strings.TrimSpace(row[len(row)-1])
		switch {
		case first == heading:
			inside = true
		case !strings.HasPrefix(line, "|"):
			inside = false
		case inside && strings.HasPrefix(first, "`"):
			cells[roomName(first)] = last
		}
	}
	if len(cells) == 0 {
		return nil, fmt.Errorf("no table was found whose first column is headed %q", heading)
	}
	for room, cell := range cells {
		allowed, err := mayImport(cell, cells)
		if err != nil {
			return nil, fmt.Errorf("the row of %s: %w", room, err)
		}
		table[room] = allowed
	}
	return table, nil
}

func mayImport(cell string, all map[string]string) (allowed []string, err error) {
	switch cell {
	case "", "nothing of ours", "run, never imported":
		return nil, nil
	case "all":
		for room := range all {
			allowed = append(allowed, room)
		}
		return allowed, nil
	}
	for name := range strings.SplitSeq(cell, ",") {
		room := roomName(strings.TrimSpace(name))
		if _, ok := all[room]; !ok {
			return nil, fmt.Errorf("%q is no room", room)
		}
		allowed = append(allowed, room)
	}
	return allowed, nil
}

func roomName(cell string) string { return strings.TrimSuffix(strings.Trim(cell, "`"), "/") }

// listed is what `go list` says of a package.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func goList(t *testing.T) (packages []listed) {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func (r rooms) offences(p listed) (found []string) {
	room, _ := roomOf(p.ImportPath)
	allowed, ok := r[room]
	if !ok {
		return []string{p.ImportPath + " is in no room of ARCHITECTURE.md's table"}
	}
	below := slices.Clone(allowed)
	for _, a := range allowed {
		below = append(below, r[a]...)
	}
	for _, imported := range p.Imports {
		if to, ours := roomOf(imported); ours && to != room && !slices.Contains(allowed, to) {
			found = append(found, fmt.Sprintf("%s imports %s, but the room %s may import only %v", p.ImportPath, imported, room, allowed))
		}
	}
	for _, imported := range append(slices.Clone(p.TestImports), p.XTestImports...) {
		if to, ours := roomOf(imported); ours && to != room && !slices.Contains(below, to) {
			found = append(found, fmt.Sprintf("the tests of %s import %s, but they may reach only %v", p.ImportPath, imported, below))
		}
	}
	return found
}

// innerOffences holds a package of persistence to the table of its packages. What its tests import is not in it.
func (r rooms) innerOffences(p listed) (found []string) {
	name, inside := innerName(p.ImportPath)
	if !inside {
		return nil
	}
	allowed, ok := r[name]
	if !ok {
		return []string{p.ImportPath + " is not in ARCHITECTURE.md's table of persistence's packages"}
	}
	for _, imported := range p.Imports {
		if to, inside := innerName(imported); inside && !slices.Contains(allowed, to) {
			found = append(found, fmt.Sprintf("%s imports %s, but it may import only %v", p.ImportPath, imported, allowed))
		}
	}
	return found
}

// innerName returns the name of a package of persistence in the table: its path below persistence, or "persistence".
func innerName(importPath string) (name string, inside bool) {
	if importPath == module+"/persistence" {
		return "persistence", true
	}
	return strings.CutPrefix(importPath, module+"/persistence/")
}

// roomOf gives the room of one of our packages: what is below a room belongs to it.
func roomOf(importPath string) (room string, ours bool) {
	if importPath == module {
		return "main.go", true
	}
	rest, ours := strings.CutPrefix(importPath, module+"/")
	room, _, _ = strings.Cut(rest, "/")
	return room, ours
}
