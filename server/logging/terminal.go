package logging

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
)

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// Progress returns a progress reporter for long work, or nil if stderr is not a terminal. It shows nothing of work that
// ends within a second. One goroutine at a time may call the reporter.
func Progress(stderr io.Writer, what string) func(done, total int64) {
	if !IsTerminal(stderr) {
		return nil
	}
	return progress(stderr, what)
}

func progress(stderr io.Writer, what string) func(done, total int64) {
	const first, every = time.Second, 100 * time.Millisecond
	next := time.Now().Add(first)
	shown := false
	return func(done, total int64) {
		switch {
		case done >= total && shown:
			fmt.Fprint(stderr, "\r\x1b[K") // removes the line
		case done < total && time.Now().After(next):
			fmt.Fprintf(stderr, "\r%s: %d %%\x1b[K", what, 100*done/total)
			next, shown = time.Now().Add(every), true
		}
	}
}
