package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// function is a function or method with a body, and the file that declares it.
type function struct {
	file       string
	text       []byte // the whole file
	begin, end int    // offsets of the declaration in text
}

// code returns the function's own text.
func (f *function) code() []byte { return f.text[f.begin:f.end] }

// tree is the functions of a Go tree by folder and name, read when they are asked for. The working directory is its
// root.
type tree map[string]map[string]*function

// find returns the function that a symbol names. A symbol is the folder of the package, the receiver's type for a
// method, and the name, with dots between them: "hub.newRing", "persistence/disk.journal.flush".
func (t tree) find(symbol string) (*function, error) {
	slash := strings.LastIndexByte(symbol, '/') + 1
	pkg, name, ok := strings.Cut(symbol[slash:], ".")
	if !ok {
		return nil, fmt.Errorf("%q is no symbol: write package.Function or package.Type.Method", symbol)
	}
	all, err := t.functions(symbol[:slash] + pkg)
	if err != nil {
		return nil, err
	}
	if f := all[name]; f != nil {
		return f, nil
	}
	return nil, fmt.Errorf("%s is gone: the package has no such function", symbol)
}

// functions returns the functions of the package in a folder by the names that symbols use. Tests and files of other
// platforms are left out.
func (t tree) functions(folder string) (map[string]*function, error) {
	if all := t[folder]; all != nil {
		return all, nil
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("the package %s is gone: %w", folder, err)
	}
	all := make(map[string]*function)
	for _, file := range files {
		name := file.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if ours, err := build.Default.MatchFile(folder, name); err != nil || !ours {
			continue
		}
		if err := addFunctions(all, filepath.Join(folder, name)); err != nil {
			return nil, err
		}
	}
	t[folder] = all
	return all, nil
}

func addFunctions(all map[string]*function, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, declared := range parsed.Decls {
		if f, ok := declared.(*ast.FuncDecl); ok && f.Body != nil {
			begin, end := set.Position(f.Pos()).Offset, set.Position(f.End()).Offset
			all[symbolName(f)] = &function{file: file, text: text, begin: begin, end: end}
		}
	}
	return nil
}

// symbolName returns "Function" or "Type.Method".
func symbolName(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	receiver := f.Recv.List[0].Type
	for {
		switch t := receiver.(type) {
		case *ast.StarExpr:
			receiver = t.X
		case *ast.IndexExpr: // one type parameter
			receiver = t.X
		case *ast.IndexListExpr:
			receiver = t.X
		case *ast.Ident:
			return t.Name + "." + f.Name.Name
		default:
			return f.Name.Name
		}
	}
}

// maxSuggestions is how many functions with names at most: code that more of them hold says nothing.
const maxSuggestions = 3

// with returns the symbols of the functions of the tree that hold some code, or nil if they are too many. It helps
// those who look for what was moved or renamed, so it passes over what it cannot read.
func (t tree) with(code string) (found []string) {
	_ = filepath.WalkDir(".", func(folder string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		name := d.Name()
		if folder != "." && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata") {
			return filepath.SkipDir
		}
		all, err := t.functions(folder)
		if err != nil {
			return nil
		}
		for name, f := range all {
			if places, err := f.places(code); err == nil && len(places) > 0 {
				found = append(found, filepath.ToSlash(folder)+"."+name)
			}
		}
		return nil
	})
	if len(found) > maxSuggestions {
		return nil
	}
	slices.Sort(found)
	return found
}
