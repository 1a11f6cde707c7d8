package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

var update = flag.Bool("update", false, "write docs/operating/configuration.md")

// The page is made from the flags themselves. A test of another package cannot see them, so this one is here.
func TestDocsConfigurationIsThatOfTheFlags(t *testing.T) {
	const page = "docs/operating/configuration.md"
	want := configuration(t)
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := readFile(t, page); got != want {
		t.Errorf("%s is not that of the flags: write it with go test . -run Configuration -update", page)
	}
}

func configuration(t *testing.T) string {
	t.Helper()
	var c commands
	parser := newParser(&c)
	var b strings.Builder
	b.WriteString("# Configuration\n\nMade from the program's own flags by `go test . -run Configuration -update`: do not edit it.\n\n" +
		"A flag on the command line wins over its environment variable. An empty variable counts as unset. Flags that may be\n" +
		"repeated take a comma-separated list in the variable. Sizes are written as 131072, 128kB, 256MB or 1GB (powers of 1024),\n" +
		"times as 500ms, 30s or 24h.\n")
	for _, command := range parser.Model.Leaves(true) {
		if len(command.Flags) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## verbatim %s\n\n%s\n", command.Path(), command.Help)
		for _, group := range flagGroups(command) {
			fmt.Fprintf(&b, "\n### %s\n\n| flag | variable | default | meaning |\n|---|---|---|---|\n", group.title)
			for _, f := range group.flags {
				fmt.Fprintln(&b, flagRow(f))
			}
		}
	}
	return b.String()
}

type flagGroup struct {
	title string
	flags []*kong.Flag
}

// flagGroups returns a command's visible flags below their headings, in the order of the program's own help.
func flagGroups(command *kong.Node) (all []flagGroup) {
	for _, f := range command.Flags {
		if f.Hidden {
			continue
		}
		title := "Flags of " + command.Path()
		if f.Group != nil {
			title = strings.TrimSuffix(f.Group.Title, ":") + " of " + command.Path()
		}
		if len(all) == 0 || all[len(all)-1].title != title {
			all = append(all, flagGroup{title: title})
		}
		last := &all[len(all)-1]
		last.flags = append(last.flags, f)
	}
	return all
}

func flagRow(f *kong.Flag) string {
	name := "--" + f.Name
	if !f.IsBool() {
		name += " " + f.FormatPlaceHolder()
	}
	variable, value, meaning := "", "", f.Help
	if len(f.Tag.Envs) > 0 && f.Tag.Envs[0] != "-" {
		variable = "`" + f.Tag.Envs[0] + "`"
	}
	if f.HasDefault && f.Default != "" {
		value = "`" + f.Default + "`"
	}
	for _, alias := range f.Aliases {
		meaning += " Old name: `--" + alias + "`."
	}
	return "| `" + strings.ReplaceAll(name, "|", `\|`) + "` | " + variable + " | " + value + " | " + strings.ReplaceAll(meaning, "|", `\|`) + " |"
}
