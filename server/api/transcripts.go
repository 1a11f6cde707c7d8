package api

import (
	"bufio"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"verbatim/permissions"
	"verbatim/persistence"
	"verbatim/persistence/transcript/export"
	"verbatim/protocol"
	"verbatim/server/logging"
	"verbatim/server/query"
	"verbatim/server/respond"
)

// transcriptBuffer is how many bytes of a transcript go out at once.
const transcriptBuffer = 64 << 10

// Transcripts answers GET /api/conversations/{id}/transcript: the whole transcript, streamed.
type Transcripts struct {
	// Fixed.
	Store        *persistence.Store
	Respond      *respond.Responder
	Notes        *logging.Notes
	WriteTimeout time.Duration
	Policy       *permissions.Policy // nil: everything may be read
}

// Get answers the request.
func (t *Transcripts) Get(w http.ResponseWriter, r *http.Request) {
	id, format, err := t.read(r)
	if err != nil {
		t.Respond.Fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", export.ContentType(format))
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.%s"`, id, format))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Method == http.MethodHead {
		return
	}
	out := bufio.NewWriterSize(&progressing{w: w, timeout: t.WriteTimeout}, transcriptBuffer)
	lines := func(yield func(line []byte) error) error {
		return t.Store.Lines(r.Context(), id, func(line []byte) error {
			if !may(t.Policy, r, permissions.Read, id) { // withdrawn meanwhile: the download breaks off
				return protocol.Forbidden()
			}
			return yield(line)
		})
	}
	if err := export.Write(out, format, string(id), lines); err == nil {
		err = out.Flush()
		if err == nil {
			return
		}
	} else if r.Context().Err() == nil {
		n := logging.Note{
			Kind: "http: transcript", Level: zerolog.ErrorLevel, Err: err, Conversation: string(id),
			Words: "http: a transcript ended early", Do: respond.CheckDisk,
		}
		n.From, n.Via = t.Respond.Sender(r)
		t.Notes.Add(n)
	}
	// What was sent looks like a whole transcript. Only a broken connection says that it is not.
	panic(http.ErrAbortHandler)
}

// read reads what the request asks for.
func (t *Transcripts) read(r *http.Request) (id protocol.ConversationID, format string, err error) {
	id, err = permitted(t.Policy, r, permissions.Read)
	if err != nil {
		return "", "", err
	}
	q := query.Parse(r, "format")
	format = q.Text("format")
	if format == "" {
		format = export.Formats[0]
	}
	if q.Err == nil && !slices.Contains(export.Formats, format) {
		q.Err = query.WrongValue(format, "format is one of %s", strings.Join(export.Formats, ", "))
	}
	if q.Err != nil {
		return "", "", q.Err
	}
	tail, err := t.Store.Tail(id)
	if err != nil {
		return "", "", err
	}
	return id, format, sameLog(id, tail, "")
}

// progressing writes a long answer, and gives each part of it as much time as a whole answer usually has.
type progressing struct {
	w       http.ResponseWriter
	timeout time.Duration
}

// Write implements io.Writer.
func (p *progressing) Write(b []byte) (int, error) {
	respond.ExtendDeadlines(p.w, p.timeout)
	n, err := p.w.Write(b)
	if err != nil {
		return n, fmt.Errorf("transcript: write to the client: %w", err)
	}
	return n, nil
}
