package main

import (
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"slices"
	"strings"
)

// edit changes one place of one function.
type edit struct {
	in   string // the function's symbol, see tree.find
	from string // code that the function holds exactly once; blanks, line breaks and comments do not count
	to   string // the code in its place, or "" to take it out
}

// place is a range of offsets in a file.
type place struct{ begin, end int }

// find returns the function and the one place in it that the edit changes. The error says what is gone, and where in
// the tree such code is now.
func (e edit) find(t tree) (*function, place, error) {
	f, err := t.find(e.in)
	if err != nil {
		return nil, place{}, fmt.Errorf("%w%s", err, elsewhere(t, e.from))
	}
	places, err := f.places(e.from)
	switch {
	case err != nil:
		return nil, place{}, err
	case len(places) == 0:
		return nil, place{}, fmt.Errorf("%s (%s) no longer has %q%s", e.in, f.file, e.from, elsewhere(t, e.from))
	case len(places) > 1:
		return nil, place{}, fmt.Errorf("%s (%s) has %q %d times: add what is before or behind it",
			e.in, f.file, e.from, len(places))
	}
	return f, places[0], nil
}

func elsewhere(t tree, code string) string {
	if found := t.with(code); len(found) > 0 {
		return "; it is now in " + strings.Join(found, ", ")
	}
	return ""
}

// change is what an edit does to a file's text.
type change struct {
	place
	to string
}

// changed returns a text with all changes made.
func changed(text []byte, changes []change) ([]byte, error) {
	slices.SortFunc(changes, func(a, b change) int { return a.begin - b.begin })
	var out []byte
	at := 0
	for _, c := range changes {
		if c.begin < at {
			return nil, errors.New("two of its edits change the same place")
		}
		out = append(append(out, text[at:c.begin]...), c.to...)
		at = c.end
	}
	return append(out, text[at:]...), nil
}

// places returns where in the function's file some code is, without overlaps.
func (f *function) places(code string) (found []place, err error) {
	all, err := tokens(f.code())
	if err != nil {
		return nil, err
	}
	want, err := tokens([]byte(code))
	if err != nil {
		return nil, fmt.Errorf("%q is no code: %w", code, err)
	}
	if len(want) == 0 {
		return nil, errors.New("an edit says nothing of what it changes: its from is empty")
	}
	for i := 0; i+len(want) <= len(all); {
		if !slices.EqualFunc(all[i:i+len(want)], want, sameToken) {
			i++
			continue
		}
		last := all[i+len(want)-1]
		found = append(found, place{f.begin + all[i].offset, f.begin + last.offset + len(last.text)})
		i += len(want)
	}
	return found, nil
}

// lexeme is a token and where it begins.
type lexeme struct {
	kind   token.Token
	text   string
	offset int
}

func sameToken(a, b lexeme) bool { return a.kind == b.kind && a.text == b.text }

// tokens returns the tokens of some code but for those that depend on how its lines are broken: semicolons, and commas
// before a closing bracket.
func tokens(code []byte) (all []lexeme, err error) {
	set := token.NewFileSet()
	file := set.AddFile("", -1, len(code))
	var s scanner.Scanner
	var problems scanner.ErrorList
	s.Init(file, code, func(at token.Position, what string) { problems.Add(at, what) }, 0)
	for {
		pos, kind, text := s.Scan()
		switch kind {
		case token.EOF:
			return all, problems.Err()
		case token.SEMICOLON:
			continue
		case token.RPAREN, token.RBRACE, token.RBRACK:
			if n := len(all); n > 0 && all[n-1].kind == token.COMMA {
				all = all[:n-1]
			}
		}
		if text == "" {
			text = kind.String() // an operator
		}
		all = append(all, lexeme{kind, text, file.Offset(pos)})
	}
}
