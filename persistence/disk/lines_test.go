package disk

import (
	"bytes"

	"verbatim/persistence/journal"
	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

func someRun() journal.LinesItem { return someRunOf("lobby") }

// someRunOf is a log line and one entry of a conversation.
func someRunOf(id protocol.ConversationID) journal.LinesItem {
	log := protocol.LogID(bytes.Repeat([]byte("a"), 32))
	r := journal.LinesItem{Conversation: id, Log: log, First: 1, Count: 1, Time: 1}
	r.Lines, r.Before = transcript.AppendLogLine(nil, id, log, 1)
	m := protocol.Message{Conversation: id, Seq: 1, From: "ann", Time: 1, Text: `"x"`}
	r.Lines, _ = transcript.AppendEntryLine(r.Lines, m.AppendJSON(new(encoder).salt(), nil), r.Before)
	return r
}
