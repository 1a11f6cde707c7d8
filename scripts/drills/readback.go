package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"verbatim/promises"
	"verbatim/protocol"
)

// finish is how a drill with traffic ends: everybody comes to rest, the record is read back over HTTP, the server
// ends in order, and then the transcripts' own lines are read and `verbatim verify` holds them to receipts.
func (t *traffic) finish() error {
	t.r.say("coming to rest")
	if err := t.settle(); err != nil {
		return err
	}
	t.stop()
	t.r.say("reading the record back")
	for _, c := range t.checker.Conversations() {
		if err := t.readHTTP(c); err != nil {
			return fmt.Errorf("read %s back over HTTP: %w", c, err)
		}
	}
	if err := t.s.terminate(); err != nil {
		t.r.miss("%v", err)
	}
	for _, c := range t.checker.Conversations() {
		if err := t.readTranscript(c); err != nil {
			return fmt.Errorf("read the transcript of %s: %w", c, err)
		}
	}
	if err := t.s.verify(t.checker.Receipts()); err != nil {
		t.r.miss("%v", err)
	}
	if t.r.broken() {
		return errBroken
	}
	return nil
}

func (t *traffic) readHTTP(c protocol.ConversationID) error {
	const source = "the record over HTTP"
	t.checker.Add(promises.Event{Kind: promises.Look, Source: source, Conversation: c})
	record := promises.Event{Kind: promises.Record, Source: source, Conversation: c}
	for more := true; more; {
		resp, err := t.s.get(fmt.Sprintf("/api/conversations/%s/messages?after=%d&limit=1000", c, len(record.Entries)))
		if err != nil {
			return err
		}
		var page struct {
			Log      protocol.LogID
			Messages []json.RawMessage
			More     bool
		}
		err = json.NewDecoder(resp.Body).Decode(&page)
		resp.Body.Close()
		switch {
		case resp.StatusCode == http.StatusNotFound && t.checker.High(c) == 0:
			return nil // nothing was ever acked or seen there
		case resp.StatusCode != http.StatusOK:
			return fmt.Errorf("HTTP %d", resp.StatusCode)
		case err != nil:
			return err
		case page.More && len(page.Messages) == 0:
			return fmt.Errorf("an empty page after %d says that there is more", len(record.Entries))
		}
		for _, m := range page.Messages {
			record.Entries = append(record.Entries, string(m))
		}
		record.Log, more = page.Log, page.More
	}
	t.checker.Add(record)
	return nil
}

// readTranscript takes the file's own lines; each is an entry's bytes and, behind them, salt and sum.
func (t *traffic) readTranscript(c protocol.ConversationID) error {
	const source = "the transcript"
	b, err := os.ReadFile(filepath.Join(t.s.files(), "transcripts", string(c)+".jsonl"))
	if os.IsNotExist(err) && t.checker.High(c) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	var head struct{ Log protocol.LogID }
	if err := json.Unmarshal([]byte(lines[0]), &head); err != nil {
		return fmt.Errorf("its first line: %w", err)
	}
	record := promises.Event{Kind: promises.Record, Source: source, Conversation: c, Log: head.Log}
	for _, line := range lines[1:] {
		if i := strings.LastIndex(line, `,"salt":"`); i >= 0 {
			line = line[:i] + "}"
		}
		record.Entries = append(record.Entries, line)
	}
	t.checker.Add(record)
	return nil
}
