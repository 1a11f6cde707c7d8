package server

import (
	"bytes"
	"fmt"
	"io"
	stdlog "log"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
)

// Log is where the server says how it is. What is logged waits in a bounded queue, so that nobody who logs ever waits
// for the log's reader, or ends with it. Safe for concurrent use.
type Log struct {
	zerolog.Logger
	lines    *outlet // nil: the Logger writes by itself, as in tests
	terminal bool    // a person reads it
}

// NewLog makes the log as the configuration wants it: one JSON object a line, or for people's eyes on a terminal. What
// libraries say by Go's standard log goes there too.
func NewLog(cfg *Config, stderr io.Writer) *Log {
	l := newLog(cfg, stderr)
	stdlog.SetFlags(0)
	stdlog.SetOutput(httpWords{l.Logger})
	return l
}

func newLog(cfg *Config, stderr io.Writer) *Log {
	l := &Log{terminal: IsTerminal(stderr)}
	l.lines = newOutlet(stderr, func(lost int) []byte {
		var text bytes.Buffer
		gap := l.logger(cfg, &text)
		gap.Warn().Int("lost", lost).Msg("lines of the log were lost here: they could not be written, or not as fast as they came")
		return text.Bytes()
	})
	l.Logger = l.logger(cfg, l.lines)
	return l
}

func (l *Log) logger(cfg *Config, to io.Writer) zerolog.Logger {
	level, err := zerolog.ParseLevel(cfg.LogLevel)
	if err != nil {
		level = zerolog.InfoLevel // a Config of a test's own
	}
	if cfg.LogFormat == "pretty" || cfg.LogFormat == "auto" && l.terminal {
		to = zerolog.ConsoleWriter{Out: to, TimeFormat: "15:04:05.000", NoColor: !l.terminal || os.Getenv("NO_COLOR") != ""}
	}
	return zerolog.New(to).Level(level).With().Timestamp().Logger()
}

// Close writes what still waits, for as long as the log's reader takes it.
func (l *Log) Close() {
	if l.lines != nil {
		l.lines.flush() // who does not take the last words has none
	}
}

func (l *Log) dropped() int64 {
	if l.lines == nil {
		return 0
	}
	return l.lines.dropped.Load()
}

// progress shows how far a long work is, where a person reads the log.
func (l *Log) progress(what string) func(done, total int64) {
	if !l.terminal {
		return nil
	}
	return progress(l.lines, what)
}

// Say writes a last line, and waits for no one who does not take it.
func Say(to io.Writer, words string) {
	o := newOutlet(to, nil)
	o.say(words)
	o.flush()
}

func (o *outlet) say(words string) { _, _ = io.WriteString(o, words) } // it never fails

// IsTerminal reports whether a person looks at what is written there.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

func init() { zerolog.TimeFieldFormat = time.RFC3339Nano }

// Progress shows how far a long work is, where a person looks at it; nil where nobody does. What is done at once is
// not worth a word.
func Progress(stderr io.Writer, what string) func(done, total int64) {
	if !IsTerminal(stderr) {
		return nil
	}
	return progress(stderr, what)
}

func progress(stderr io.Writer, what string) func(done, total int64) {
	const worthIt, often = time.Second, 100 * time.Millisecond
	next := time.Now().Add(worthIt)
	shown := false
	return func(done, total int64) {
		switch {
		case done >= total && shown:
			fmt.Fprint(stderr, "\r\x1b[K") // leave no trace
		case done < total && time.Now().After(next):
			fmt.Fprintf(stderr, "\r%s: %d %%\x1b[K", what, 100*done/total)
			next, shown = time.Now().Add(often), true
		}
	}
}

// stdLog takes what net/http has to say: mostly clients that do not speak HTTP, so it is for debugging.
func stdLog(log zerolog.Logger) *stdlog.Logger { return stdlog.New(httpWords{log}, "", 0) }

type httpWords struct{ log zerolog.Logger }

func (h httpWords) Write(line []byte) (int, error) {
	event := h.log.Debug()
	if bytes.HasPrefix(line, []byte("http: panic")) {
		event = h.log.Error()
	}
	event.Msg(string(bytes.TrimSpace(line)))
	return len(line), nil
}
