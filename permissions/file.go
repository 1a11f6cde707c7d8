package permissions

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// ParseRules parses a rules file. name is the file's, for errors, which are one line that begins with name:line.
func ParseRules(name string, text []byte) (*Rules, error) {
	// The decoder refuses what is no TOML and what stands twice. The tree has the lines, and letters as they are.
	var tree map[string]any
	if err := toml.Unmarshal(text, &tree); err != nil {
		return nil, located(name, err)
	}
	f := file{rules: &Rules{name: name}}
	f.parser.Reset(text)
	for f.parser.NextExpression() {
		if err := f.add(f.parser.Expression()); err != nil {
			return nil, err
		}
	}
	if err := f.parser.Error(); err != nil {
		return nil, located(name, err)
	}
	for i := range f.rules.allow {
		if r := &f.rules.allow[i]; len(r.who) == 0 {
			return nil, f.errorf(r.line, `this rule has no who: say whom it allows, such as who = ["*"]`)
		}
	}
	return f.rules, nil
}

// located returns a decoder's error as one line that begins with name:line.
func located(name string, err error) error {
	line := 1
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		line, _ = wrong.Position()
	}
	return fmt.Errorf("%s:%d: %s", name, line, strings.TrimPrefix(err.Error(), "toml: "))
}

// file is a rules file that is being read.
type file struct {
	parser unstable.Parser
	rules  *Rules
}

func (f *file) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", f.rules.name, line, fmt.Sprintf(format, args...))
}

// line returns where something stands.
func (f *file) line(n *unstable.Node) int { return f.parser.Shape(n.Raw).Start.Line }

// add takes one expression: a rule's head, or one of its lists.
func (f *file) add(e *unstable.Node) error {
	name, first := key(e)
	switch {
	case e.Kind == unstable.ArrayTable && name == "allow":
		f.rules.allow = append(f.rules.allow, rule{line: f.line(first)})
		return nil
	case e.Kind == unstable.KeyValue && len(f.rules.allow) > 0:
		return f.addList(&f.rules.allow[len(f.rules.allow)-1], name, first, e.Value())
	}
	return f.unknown(name, first)
}

func (f *file) unknown(name string, at *unstable.Node) error {
	return f.errorf(f.line(at), "%s is not known here: a rules file has rules, each begins with [[allow]] and has "+
		"who, read, write, create and moderate", name)
}

// key returns an expression's key, dots and all, and its first part.
func key(e *unstable.Node) (name string, first *unstable.Node) {
	var parts []string
	for it := e.Key(); it.Next(); {
		if first == nil {
			first = it.Node()
		}
		parts = append(parts, string(it.Node().Data))
	}
	return strings.Join(parts, "."), first
}

// addList adds one list to a rule.
func (f *file) addList(r *rule, name string, at, list *unstable.Node) error {
	take := f.taker(r, name)
	switch {
	case take == nil:
		return f.unknown(name, at)
	case list.Kind != unstable.Array:
		return f.errorf(f.line(at), `%s is a list of texts, such as %s = ["lobby"]`, name, name)
	}
	for it := list.Children(); it.Next(); {
		n := it.Node()
		if n.Kind != unstable.String {
			return f.errorf(f.line(at), `%s is a list of texts, and an entry is none: write "…" around it`, name)
		}
		if err := take(string(n.Data)); err != nil {
			return f.errorf(f.line(n), "%s: %s", name, err)
		}
	}
	return nil
}

// taker returns what adds a text to the list of that name, or nil if a rule has no such list.
func (f *file) taker(r *rule, name string) func(text string) error {
	if name == "who" {
		return func(text string) error {
			w, err := parseWho(text)
			r.who = append(r.who, w)
			return err
		}
	}
	into := map[string]*[]Pattern{
		"read": &r.grants.Read, "write": &r.grants.Write, "create": &r.grants.Create, "moderate": &r.grants.Moderate,
	}[name]
	if into == nil {
		return nil
	}
	return func(text string) error {
		p, err := parsePattern(text)
		*into = append(*into, p)
		return err
	}
}
