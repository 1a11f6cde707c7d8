// Package logging writes the server's log, and whatever else must not make the server wait: stdout and the service
// manager's socket.
//
// It promises that a writer that hangs, breaks or is full delays nobody who logs (AsyncWriter), and that strangers
// cannot fill the disk with log lines (Notes).
package logging

import (
	"bytes"
	"io"
	stdlog "log"
	"os"
	"time"

	"github.com/rs/zerolog"
)

// Options are the settings of a Logger.
type Options struct {
	Level  string // debug, info, warn or error; anything else is info
	Format string // pretty, json, or auto: pretty on a terminal, else JSON
}

// Logger is the log on stderr. Lines wait in a bounded queue, so that nobody who logs waits for the log's reader, and
// no reader that goes away ends the server. Safe for concurrent use.
type Logger struct {
	zerolog.Logger
	lines    *AsyncWriter // nil if the Logger writes by itself, as in tests
	terminal bool         // stderr is a terminal
}

// New returns the process's log. It also sets the time format of all zerolog loggers and sends Go's standard log, which
// libraries use, to the log. Call it once.
func New(o Options, stderr io.Writer) *Logger {
	zerolog.TimeFieldFormat = time.RFC3339Nano
	l := newLogger(o, stderr)
	stdlog.SetFlags(0)
	stdlog.SetOutput(standard{l.Logger})
	return l
}

// Direct returns a Logger that writes with log and has no queue. Tests use it.
func Direct(log zerolog.Logger) *Logger { return &Logger{Logger: log} }

func newLogger(o Options, stderr io.Writer) *Logger {
	l := &Logger{terminal: IsTerminal(stderr)}
	l.lines = NewAsyncWriter(stderr, func(lost int) []byte {
		var text bytes.Buffer
		gap := l.logger(o, &text)
		gap.Warn().Int("lost", lost).
			Msg("lines of the log were lost here: they could not be written, or not as fast as they came")
		return text.Bytes()
	})
	l.Logger = l.logger(o, l.lines)
	return l
}

func (l *Logger) logger(o Options, to io.Writer) zerolog.Logger {
	level, err := zerolog.ParseLevel(o.Level)
	if err != nil {
		level = zerolog.InfoLevel
	}
	if o.Format == "pretty" || o.Format == "auto" && l.terminal {
		noColor := !l.terminal || os.Getenv("NO_COLOR") != ""
		to = zerolog.ConsoleWriter{Out: to, TimeFormat: "15:04:05.000", NoColor: noColor}
	}
	return zerolog.New(to).Level(level).With().Timestamp().Logger()
}

// Close writes the lines that still wait, as long as stderr takes them.
func (l *Logger) Close() {
	if l.lines != nil {
		l.lines.Flush() // if stderr does not take the last lines, they are lost
	}
}

// Dropped returns how many lines were dropped because stderr did not take them.
func (l *Logger) Dropped() int64 {
	if l.lines == nil {
		return 0
	}
	return l.lines.Dropped()
}

// Progress returns a progress reporter on the log's terminal, or nil if there is none.
func (l *Logger) Progress(what string) func(done, total int64) {
	if !l.terminal {
		return nil
	}
	return progress(l.lines, what)
}

// Standard returns a logger of Go's standard library that writes to log. net/http uses it, mostly for clients that do
// not speak HTTP: such lines have the level debug.
func Standard(log zerolog.Logger) *stdlog.Logger { return stdlog.New(standard{log}, "", 0) }

// standard takes the lines of Go's standard log.
type standard struct{ log zerolog.Logger }

// Write implements io.Writer.
func (s standard) Write(line []byte) (int, error) {
	event := s.log.Debug()
	if bytes.HasPrefix(line, []byte("http: panic")) {
		event = s.log.Error()
	}
	event.Msg(string(bytes.TrimSpace(line)))
	return len(line), nil
}
