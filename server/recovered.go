package server

import (
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence/disk"
)

// logRecovered logs what a start has found: whether the server before ended in order, and what was recovered.
func logRecovered(log zerolog.Logger, got disk.Recovered, dataDir string, took time.Duration) {
	e, words := log.Info(), "the record is open: it was closed cleanly, and nothing had to be recovered"
	missing := got.Gone > 0 || got.Refused > 0
	switch {
	case !got.Clean:
		e = log.Warn()
		words = "the record was RECOVERED: the server before did not end cleanly (kill -9, a crash, a power cut); " +
			"what was acknowledged is there"
	case missing || got.Adopted > 0:
		e = log.Warn()
		words = "the record is open: it was closed cleanly, and its files are others since; it has all that they have"
	case got.Conversations == 0:
		words = "the record is open: it is empty"
	}
	if missing {
		words += ", but for the conversations that the lines before this one name"
	}
	e = e.Str("data", dataDir).Int("conversations", got.Conversations).
		Stringer("took", took.Round(100*time.Microsecond))
	if !got.Clean {
		e = e.Int64("entries_replayed", got.Entries).Int("conversations_replayed", got.Replayed).
			Int("segments", got.Segments).Int64("torn_bytes", got.Torn).Int64("cut_bytes", got.Cut)
	}
	for name, n := range map[string]int{"adopted": got.Adopted, "refused": got.Refused, "gone": got.Gone} {
		if n > 0 {
			e = e.Int(name, n)
		}
	}
	if got.Kept > 0 {
		e = e.Int64("kept_bytes", got.Kept)
	}
	e.Msg(words)
}
