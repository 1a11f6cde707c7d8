package main

import (
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"verbatim/client/load"
	"verbatim/server"
)

// variablePrefix begins the names of all environment variables.
const variablePrefix = "VERBATIM"

// groups are the headings under which the flags are explained.
var groups = []kong.Group{
	{Key: "limits", Title: "Limits:"},
	{Key: "access", Title: "Access:"},
	{Key: "tokens", Title: "Tokens:"},
	{Key: "running", Title: "Running:"},
	{Key: "shape", Title: "Shape:"},
	{Key: "pace", Title: "Pace:"},
	{Key: "course", Title: "Course:"},
	{Key: "results", Title: "Results:"},
}

// flagHelp is the help of the flags whose fields do not have it, by command and by flag.
var flagHelp = map[string]map[string]string{
	"serve": server.FlagHelp,
	"load":  load.FlagHelp,
	"verify": {
		"data-dir": onlyRead,
		"receipt":  "The seq and sum of an ack that must be on the record. May be repeated.",
	},
	"healthcheck": {
		"listen": "The server's address, as its own --listen has it; the first of several is asked. " +
			"Default: 127.0.0.1:8080.",
		"proxy-protocol": "As the server's own: a PROXY header is sent if the server awaits one from this machine.",
		"timeout":        "How long to wait for the answer.",
	},
	"permissions": {
		"rules": "The server's own --rules.",
		"group": "A group of the user (the claim groups of its token). May be repeated.",
	},
	"token": {
		"for":  "How long the token is good.",
		"name": "What to show for the user.",
		"read": "What the user may read: a conversation, the beginning of ids and *, or *. May be repeated, as the " +
			"three others.",
		"write":          "What the user may write to.",
		"create":         "What the user may begin.",
		"moderate":       "What the user may moderate.",
		"token-secret":   "The server's own --token-secret.",
		"token-key":      "A private key in PEM, of which the server has the public one.",
		"token-issuer":   "The server's own --token-issuer.",
		"token-audience": "The server's own --token-audience.",
	},
	"export": {
		"data-dir": onlyRead,
		"format":   "jsonl: the record's own lines; json: one object; txt, md: for people.",
	},
}

const onlyRead = "The data directory. It is only read; a server may be running on it."

// completeFlags gives the flags their help, and the variables of their older names. Help and errors show the newest
// name.
func completeFlags(k *kong.Kong) error {
	for _, command := range k.Model.Leaves(false) {
		for _, flag := range command.Flags {
			if flag.Help == "" {
				flag.Help = flagHelp[command.Name][flag.Name]
			}
			for _, older := range flag.Aliases {
				variable := strings.TrimSuffix(flag.Tag.Envs[0], asVariable(flag.Name)) + asVariable(older)
				flag.Tag.Envs = append(flag.Tag.Envs, variable)
				flag.Envs = flag.Tag.Envs
			}
		}
	}
	return nil
}

// asVariable returns a flag's name as a part of a variable's name.
func asVariable(flag string) string { return strings.ToUpper(strings.ReplaceAll(flag, "-", "_")) }

// withDefault adds a flag's default and its variable to its help.
func withDefault(v *kong.Value) string {
	help := v.Help
	if v.HasDefault && v.Default != "" {
		help += " Default: " + v.Default + "."
	}
	if len(v.Tag.Envs) > 0 {
		help += " $" + v.Tag.Envs[0]
	}
	return help
}

// unsetEmptyVariables unsets variables that are empty: a compose file sets a variable to nothing to say that it has no
// value.
func unsetEmptyVariables() {
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, variablePrefix+"_") && value == "" {
			_ = os.Unsetenv(name) // the name came from the environment, so it is valid
		}
	}
}
