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

// Logger makes the log as the configuration wants it: one JSON object a line, or for people's eyes on a terminal.
func Logger(cfg *Config, stderr io.Writer) zerolog.Logger {
	level, err := zerolog.ParseLevel(cfg.LogLevel)
	if err != nil {
		level = zerolog.InfoLevel // a Config of a test's own
	}
	if cfg.LogFormat == "pretty" || cfg.LogFormat == "auto" && IsTerminal(stderr) {
		stderr = zerolog.ConsoleWriter{Out: stderr, TimeFormat: "15:04:05.000", NoColor: !IsTerminal(stderr) || os.Getenv("NO_COLOR") != ""}
	}
	return zerolog.New(stderr).Level(level).With().Timestamp().Logger()
}

// IsTerminal says whether a person looks at what is written there.
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
