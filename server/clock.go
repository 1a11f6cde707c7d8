package server

import (
	"time"

	"github.com/rs/zerolog"

	"verbatim/persistence/disk"
	"verbatim/protocol"
)

// clockSlack is how far entries may be ahead of the clock without a warning: clocks are corrected by so much.
const clockSlack = 10 * time.Second

// warnOfFuture warns, in one line, of entries that are dated in the future. It changes nothing: the record stays as it
// is, and time does not go back within a conversation.
func warnOfFuture(log zerolog.Logger, record *disk.Record, now time.Time) {
	n, furthest := record.Ahead(protocol.TimeOf(now.Add(clockSlack)))
	if n == 0 {
		return
	}
	log.Warn().Int("conversations", n).Str("furthest", string(furthest.ID)).Str("dated", furthest.Tail.Time.String()).
		Time("now", now.UTC()).
		Msg("entries on the record are dated in the future: the clock is wrong now, or was when they were written. " +
			"Look whether it is right (timedatectl); until it has come to their time, new messages there get " +
			"that time too")
}
