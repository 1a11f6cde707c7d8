// Command verbatim is a real-time chat server that keeps every message, in order, on a durable record.
//
// This file has the table of commands; each command is in a file of its own. The settings of `serve` are the fields of
// server.Config.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"verbatim/server"
	"verbatim/server/logging"
)

// commands is the table of commands.
type commands struct {
	Serve       serveCommand       `cmd:"" help:"Serve the chat, its HTTP API and the page. Every flag has a default."`
	Verify      verifyCommand      `cmd:"" help:"Read every transcript and check its seqs and its chain of sums."`
	Export      exportCommand      `cmd:"" help:"Write one conversation's transcript to stdout, without a server."`
	Health      healthcheckCommand `cmd:"" name:"healthcheck" help:"Ask the running server whether it is ready."`
	Permissions permissionsCommand `cmd:"" help:"Say what a user may do in a conversation, and which rule says so."`
	Token       tokenCommand       `cmd:"" help:"Print a token that lets a user in, for servers with --auth token."`
	Users       usersCommand       `cmd:"" help:"List, block and unblock users, reset passwords, sign people out."`
	Keys        keysCommand        `cmd:"" help:"Make, list and revoke API keys for programs."`
	Invite      inviteCommand      `cmd:"" help:"Print a link with which somebody makes an account."`
	Revoke      revokeCommand      `cmd:"" help:"Refuse tokens before they end."`
	Audit       auditCommand       `cmd:"" help:"Print who did what: sign-ins, keys, invites, members."`
	Backup      backupCommand      `cmd:"" help:"Copy the directory of accounts, keys and members, beside a running server."`
	Version     versionCommand     `cmd:"" help:"Print version, commit and Go version."`
	Help        helpCommand        `cmd:"" help:"Explain a command, as --help after it does."`
	Load        loadCommand        `cmd:"" help:"Run a load test against a server, with a check of every message."`

	ShowVersion versionFlag `name:"version" short:"v" env:"-" help:"Print version, commit and Go version."`
}

const description = `Verbatim is a chat server that keeps every message, in order, on a durable record.

  verbatim serve                                   serve on http://127.0.0.1:8080, keep the record in ./data
  verbatim serve --listen 127.0.0.1:0              the same on a free port, which is printed
  verbatim serve --listen 0.0.0.0:80 --auth open   serve everybody who reaches this machine
  verbatim verify --data-dir ./data                check that the record is intact
  verbatim export lobby --format md                write a transcript for people
  verbatim token ann --read '*' --token-secret FILE  let ann read on a server with --auth token
  verbatim permissions ann lobby --rules FILE      what may ann do there, and which rule says so?
  verbatim users list                              who has an account, and who is blocked
  verbatim keys add ci --read '*' --write 'ops-*'  an API key for a program
  verbatim revoke --user ann                       refuse the tokens that ann has
  verbatim healthcheck                             is the server ready? exit 0 or 1
  verbatim load --members 1000                     load a server that runs with --send-rate 0

Every flag is an environment variable too: --max-text is VERBATIM_MAX_TEXT. An empty variable counts as unset.`

// Exit codes.
const (
	exitFailed  = 1 // the command ran and failed, or what it checked is not in order
	exitRefused = 2 // the command did not begin: the command line, the settings or the data directory do not allow it
)

// exitBrokenPipe is what a shell reports for a program that wrote to a closed pipe.
const exitBrokenPipe = 128 + int(syscall.SIGPIPE)

// refused is an error that was found before the command did anything.
type refused struct{ error }

func main() {
	signal.Ignore(syscall.SIGPIPE) // a reader of stdout, stderr or the log that goes away ends no command by itself
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the program and returns its exit code. It writes an error as one line to stderr.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	unsetEmptyVariables()

	var c commands
	helped := false
	parser := newParser(&c,
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
		kong.Bind(&server.Streams{Stdout: stdout, Stderr: stderr}))

	command, err := parser.Parse(args)
	unwritten := new(fs.PathError)
	switch {
	case err != nil && errors.As(err, &unwritten): // --help could not write its text
	case helped:
		return 0
	case err != nil:
		err = refused{fmt.Errorf("%w (verbatim --help says what there is)", err)}
	default:
		err = command.Run()
	}
	if err == nil || helped {
		return 0
	}

	if errors.As(err, &unwritten) && unwritten.Path == os.Stdout.Name() && errors.Is(err, syscall.EPIPE) {
		return exitBrokenPipe // as in `verbatim export lobby | head -1`: nobody wants to read about it
	}
	logging.Say(stderr, "verbatim: "+strings.ReplaceAll(err.Error(), "\n", "; ")+"\n")
	if errors.As(err, new(refused)) {
		return exitRefused
	}
	return exitFailed
}

// newParser returns the parser of the command line, which fills c.
func newParser(c *commands, more ...kong.Option) *kong.Kong {
	parser, err := kong.New(c, append(more,
		kong.Name("verbatim"), kong.Description(description),
		kong.DefaultEnvars(variablePrefix),
		kong.PostBuild(completeFlags),
		kong.ConfigureHelp(kong.HelpOptions{NoAppDescFormat: true, WrapUpperBound: 110, Compact: true}),
		kong.ValueFormatter(withDefault),
		kong.ExplicitGroups(groups))...)
	if err != nil {
		panic("verbatim: the table of commands: " + err.Error())
	}
	return parser
}

type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command to explain. Without one, all commands are listed."`
}

// Run shows what the command shows with --help.
func (c helpCommand) Run(program *kong.Kong) error {
	asked, err := kong.Trace(program, c.Command)
	if err == nil {
		err = asked.Error
	}
	if err != nil {
		return refused{fmt.Errorf("%w (verbatim help says what there is)", err)}
	}
	return asked.PrintUsage(false)
}
