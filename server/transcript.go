package server

import (
	"bufio"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"verbatim/persistence/transcript/export"
	"verbatim/protocol"
	"verbatim/server/logging"
	"verbatim/server/respond"
)

// transcriptBuffer is how many bytes of a transcript go out at once.
const transcriptBuffer = 64 << 10

// downloadTranscript answers GET /api/conversations/{id}/transcript: the whole of it, streamed.
func (s *Server) downloadTranscript(w http.ResponseWriter, r *http.Request) {
	id, format, err := s.transcriptRequest(r)
	if err != nil {
		s.respond.Fail(w, r, err)
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
	out := bufio.NewWriterSize(&progressing{s: s, w: w}, transcriptBuffer)
	lines := func(yield func(line []byte) error) error { return s.store.Lines(r.Context(), id, yield) }
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
		n.From, n.Via = s.proxies.Visit(r).Sender(r)
		s.notes.Add(n)
	}
	// What was sent looks like a transcript. Only a broken connection says that it is none.
	panic(http.ErrAbortHandler)
}

func (s *Server) transcriptRequest(r *http.Request) (id protocol.ConversationID, format string, err error) {
	id, err = conversation(r)
	if err != nil {
		return "", "", err
	}
	q := parseQuery(r, "format")
	format = q.text("format")
	if format == "" {
		format = export.Formats[0]
	}
	if q.err == nil && !slices.Contains(export.Formats, format) {
		q.err = wrongValue(format, "format is one of %s", strings.Join(export.Formats, ", "))
	}
	if q.err != nil {
		return "", "", q.err
	}
	tail, err := s.store.Tail(id)
	if err != nil {
		return "", "", err
	}
	return id, format, sameLog(id, tail, "")
}

// progressing writes an answer that may take long, and gives each part of it the time that a whole one usually has.
type progressing struct {
	s *Server
	w http.ResponseWriter
}

func (p *progressing) Write(b []byte) (int, error) {
	respond.ExtendDeadlines(p.w, p.s.cfg.WriteTimeout)
	n, err := p.w.Write(b)
	if err != nil {
		return n, fmt.Errorf("transcript: write to the client: %w", err)
	}
	return n, nil
}
