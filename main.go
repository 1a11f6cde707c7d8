// Command verbatim is a real-time chat server that keeps every word in order on a durable record.
//
// This file is the command line: a table of commands. What they do is the rooms' business, and every setting of
// `serve` stands in server.Config.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"verbatim/client/load"
	"verbatim/persistence"
	"verbatim/persistence/disk"
	"verbatim/protocol"
	"verbatim/server"
)

// version and commit are set by the linker (-ldflags "-X main.version=… -X main.commit=…").
var version, commit string

// commands is the table of commands.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Serve: the chat, its HTTP API and the page. Every flag has a default."`
	Verify  verifyCommand  `cmd:"" help:"Read every transcript and check its seqs and its chain of sums."`
	Export  exportCommand  `cmd:"" help:"Write one conversation's transcript to stdout, without a server."`
	Version versionCommand `cmd:"" help:"Say version, commit and Go version."`
	Help    helpCommand    `cmd:"" help:"Explain a command, as --help after it does."`
	Load    loadCommand    `cmd:"" help:"A load test against a running server: throughput, latency, and whether anything is lost, doubled or out of order."`

	ShowVersion versionFlag `name:"version" short:"v" env:"-" help:"Say version, commit and Go version."`
}

const description = `Verbatim is a chat server that keeps every word, in order, on a durable record.

  verbatim serve                                   serve on http://127.0.0.1:8080, keep the record in ./data
  verbatim serve --listen 127.0.0.1:0              the same on a free port, which is printed
  verbatim serve --listen 0.0.0.0:80 --auth open   serve everybody who reaches this machine
  verbatim verify --data ./data                    check that the record is whole
  verbatim export lobby --format md                a transcript for people
  verbatim load --members 1000                     a load test against a server that runs with --rate 0

Every flag is an environment variable too: --max-text is VERBATIM_MAX_TEXT. An empty variable is as none.`

// Exit codes.
const (
	exitFailed  = 1 // the command ran, and what it found or did was not well
	exitRefused = 2 // it was not begun: the command line, the settings or the data directory do not allow it
)

// refused is an error before anything was done.
type refused struct{ error }

// exitBrokenPipe is what a shell says of a program whose output went to somebody who was gone.
const exitBrokenPipe = 128 + int(syscall.SIGPIPE)

func main() {
	signal.Ignore(syscall.SIGPIPE) // the reader of stdout, stderr or the log may go away: that ends no command by itself
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program; it gives its exit code. Whatever is wrong is one line on stderr.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	unsetEmptyVariables()
	helped := false
	var c commands
	parser, err := kong.New(&c, kong.Name("verbatim"), kong.Description(description),
		kong.DefaultEnvars("VERBATIM"),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { helped = true }), kong.Bind(&server.Streams{Stdout: stdout, Stderr: stderr}),
		kong.ConfigureHelp(kong.HelpOptions{NoAppDescFormat: true, WrapUpperBound: 110, Compact: true}),
		kong.ValueFormatter(withDefault),
		kong.ExplicitGroups(groups))
	if err != nil {
		panic("verbatim: the table of commands: " + err.Error())
	}
	command, err := parser.Parse(args)
	unwritten := new(fs.PathError)
	switch {
	case err != nil && errors.As(err, &unwritten): // the help that --help asked for
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
		return exitBrokenPipe // as `verbatim export lobby | head -1` has it: nobody wants to hear of it
	}
	server.Say(stderr, "verbatim: "+strings.ReplaceAll(err.Error(), "\n", "; ")+"\n")
	if errors.As(err, new(refused)) {
		return exitRefused
	}
	return exitFailed
}

// groups are the headings under which the flags of `serve` are explained.
var groups = []kong.Group{
	{Key: "limits", Title: "Limits:"},
	{Key: "doors", Title: "Doors:"},
	{Key: "running", Title: "Running:"},
	{Key: "shape", Title: "Shape:"},
	{Key: "pace", Title: "Pace:"},
	{Key: "course", Title: "Course:"},
	{Key: "results", Title: "Results:"},
}

// withDefault adds to a flag's help its default and its variable.
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

// unsetEmptyVariables makes an empty variable as none: that is how a compose file says that there is no value.
func unsetEmptyVariables() {
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "VERBATIM_") && value == "" {
			_ = os.Unsetenv(name) // its name came from the environment, so it is a valid one
		}
	}
}

type serveCommand struct{ server.Config }

// Run serves until SIGTERM or SIGINT, and drains. A second signal ends the process at once. SIGHUP makes it read anew
// what can change while it serves; that it ends nothing holds until the process is gone, so it is never given back.
func (c *serveCommand) Run(out *server.Streams) error {
	reload := make(chan os.Signal, 1) // one that comes while another waits is the same; before Run it waits for it
	signal.Notify(reload, syscall.SIGHUP)
	if err := c.Check(); err != nil {
		return refused{err}
	}
	log := server.NewLog(&c.Config, out.Stderr)
	defer log.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2) // the first drains, the second ends
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() { // the process's own; waits for signals; ends with ctx where the first did not come
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
			return
		}
		<-signals
		os.Exit(exitFailed)
	}()
	s, err := server.New(ctx, &c.Config, build(), out.Stdout, log)
	if err != nil && errors.Is(err, ctx.Err()) {
		log.Info().Msg("stopped by a signal before it served; the record is as it was")
		return nil
	}
	if err != nil && ctx.Err() != nil { // it could not end as it should have
		return err
	}
	if err != nil {
		return refused{err}
	}
	return s.Run(ctx, reload)
}

type verifyCommand struct {
	Data    string   `default:"./data" placeholder:"DIR" help:"The data directory. It is only read; a server may be running on it."`
	Receipt []string `placeholder:"ID:SEQ:SUM" sep:"none" help:"The seq and sum of an ack, which must stand on the record. May be repeated."`
}

// Run prints a line for each conversation, those that are not whole or cannot be read on stderr, and fails where there is one.
func (c *verifyCommand) Run(out *server.Streams) error {
	var receipts []disk.Receipt
	for _, list := range c.Receipt {
		for text := range strings.SplitSeq(list, ",") { // not by kong, for which an empty list is none
			receipt, err := disk.ParseReceipt(text)
			if err != nil {
				return refused{err}
			}
			receipts = append(receipts, receipt)
		}
	}
	stdout := bufio.NewWriter(out.Stdout)
	report := func(l disk.VerifyLine) {
		if l.Err != nil || l.Note != "" {
			fmt.Fprintln(out.Stderr, l)
			return
		}
		fmt.Fprintln(stdout, l)
	}
	err := disk.Verify(context.Background(), c.Data, receipts, report, server.Progress(out.Stderr, "verify"))
	return errors.Join(err, stdout.Flush())
}

type exportCommand struct {
	ID     string `arg:"" optional:"" help:"The conversation. Without one, export says which there are."`
	Format string `default:"jsonl" enum:"jsonl,json,txt,md" placeholder:"FORMAT" help:"jsonl: the record's own lines; json: one object; txt, md: for people."`
	Data   string `default:"./data" placeholder:"DIR" help:"The data directory. It is only read; a server may be running on it."`
}

// Run writes what the HTTP transcript gives.
func (c *exportCommand) Run(out *server.Streams) error {
	if c.ID == "" {
		there, err := c.there()
		if err == nil {
			err = fmt.Errorf("export needs the name of a conversation: %s has %s", c.Data, there)
		}
		return refused{err}
	}
	id := protocol.ConversationID(c.ID)
	if !id.Valid() {
		return refused{errors.New(protocol.InvalidConversation(c.ID).Reason)}
	}
	stdout := bufio.NewWriterSize(out.Stdout, 64<<10)
	lines := func(yield func([]byte) error) error { return disk.LinesOffline(c.Data, id, yield) }
	err := persistence.Export(stdout, c.Format, c.ID, lines)
	if errors.Is(err, disk.ErrNoConversation) {
		there, err := c.there()
		return errors.Join(fmt.Errorf("there is no conversation %q in %s, which has %s", c.ID, c.Data, there), err)
	}
	return errors.Join(err, stdout.Flush())
}

// there names the conversations that there are, as many as fit into a line that one can read.
func (c *exportCommand) there() (string, error) {
	const most = 20
	ids, err := disk.IDsOffline(c.Data)
	if err != nil || len(ids) == 0 {
		return "none yet", err
	}
	names := make([]string, 0, most)
	for _, id := range ids[:min(most, len(ids))] {
		names = append(names, string(id))
	}
	there := strings.Join(names, ", ")
	if more := len(ids) - len(names); more > 0 {
		there += fmt.Sprintf(" and %d more, which verbatim verify --data %s prints", more, c.Data)
	}
	return there, nil
}

type versionCommand struct{}

// Run says which program this is.
func (versionCommand) Run(out *server.Streams) error {
	_, err := fmt.Fprintln(out.Stdout, versionLine())
	return err
}

// versionFlag is --version after any command.
type versionFlag bool

// BeforeReset says it before anything else is looked at, as --help does.
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

type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command to explain. Without one, there is a list of them."`
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

type loadCommand struct{ load.Options }

// Help is what kong shows above the flags.
func (loadCommand) Help() string { return load.Help }

// Run makes the load and prints the report. SIGINT ends the publishing early; a second one ends the process.
func (c *loadCommand) Run(out *server.Streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // from then on a signal has its own effect again
	var live io.Writer
	if server.IsTerminal(out.Stderr) {
		live = out.Stderr
	}
	report, err := load.Run(ctx, c.Options, live)
	if errors.Is(err, load.ErrRefused) {
		return refused{err}
	}
	if err != nil {
		return err
	}
	return report.Write(out.Stdout, &c.Options)
}

// build is what the linker said, or else what Go noted while it built.
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
