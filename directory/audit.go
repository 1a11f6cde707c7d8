package directory

import (
	"context"
	"math"
	"time"

	"verbatim/directory/queries"
)

// Event is a line of the audit trail: who did what to whom, when, and from where. There is no secret in it, and no
// text of a message.
type Event struct {
	Seq    int64
	Time   time.Time
	Actor  string
	Action string
	Object string
	From   string
}

// Audit writes a line of the audit trail for something that changes nothing here, as a refused sign-in or a redaction.
// The caller bounds how often strangers can cause one.
func (d *Directory) Audit(ctx context.Context, by By, action, object string) error {
	return d.change(ctx, by, func(c *change) error { return c.audit(action, object) })
}

// AuditTrail returns at most so many lines before a seq, the newest first. 0 begins with the newest of all.
func (d *Directory) AuditTrail(ctx context.Context, before int64, most int) ([]Event, error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	rows, err := d.queries.AuditBefore(ctx, queries.AuditBeforeParams{Before: before, Most: int32(min(most, math.MaxInt32))})
	if err != nil {
		return nil, read(err, "the audit trail", nil)
	}
	events := make([]Event, 0, len(rows))
	for _, row := range rows {
		events = append(events, Event{row.Seq, timeOf(row.Time), row.Actor, row.Action, row.Object, row.Source})
	}
	return events, nil
}
