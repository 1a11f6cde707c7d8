package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"verbatim/server"
)

// version and commit are set by the linker (-ldflags "-X main.version=… -X main.commit=…").
var version, commit string

type versionCommand struct{}

// Run prints version, commit and Go version.
func (versionCommand) Run(out *server.Streams) error {
	_, err := fmt.Fprintln(out.Stdout, versionLine())
	return err
}

// versionFlag is --version after any command.
type versionFlag bool

// BeforeReset prints the version before kong looks at anything else, as --help does.
func (versionFlag) BeforeReset(program *kong.Kong, out *server.Streams) error {
	if err := (versionCommand{}).Run(out); err != nil {
		return err
	}
	program.Exit(0)
	return nil
}

func versionLine() string {
	b := build()
	return fmt.Sprintf("verbatim %s (commit %s, %s)", b.Version, b.Commit, runtime.Version())
}

// build returns what the linker set, or else what Go noted at build time.
func build() server.Build {
	b := server.Build{Version: version, Commit: commit}
	if noted, ok := debug.ReadBuildInfo(); ok {
		if b.Version == "" {
			b.Version = noted.Main.Version
		}
		for _, s := range noted.Settings {
			if s.Key == "vcs.revision" && b.Commit == "" {
				b.Commit = s.Value[:min(12, len(s.Value))]
			}
		}
	}
	if b.Version == "" || b.Version == "(devel)" {
		b.Version = "devel"
	}
	if b.Commit == "" {
		b.Commit = "unknown"
	}
	return b
}
