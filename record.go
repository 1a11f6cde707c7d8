package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"verbatim/persistence/inspect"
	"verbatim/persistence/transcript"
	"verbatim/persistence/transcript/export"
	"verbatim/protocol"
	"verbatim/server"
	"verbatim/server/logging"
)

// The commands that read a record without a server.

type verifyCommand struct {
	DataDir string   `default:"./data" placeholder:"DIR" aliases:"data"`
	Receipt []string `placeholder:"ID:SEQ:SUM" sep:"none"`
}

// Run prints a line for each conversation. Conversations that are damaged or cannot be read go to stderr, and Run fails
// if there is one.
func (c *verifyCommand) Run(out *server.Streams) error {
	var receipts []transcript.Receipt
	for _, list := range c.Receipt {
		for text := range strings.SplitSeq(list, ",") { // not by kong, which takes an empty list for none
			receipt, err := transcript.ParseReceipt(text)
			if err != nil {
				return refused{err}
			}
			receipts = append(receipts, receipt)
		}
	}

	stdout := bufio.NewWriter(out.Stdout)
	report := func(l inspect.Finding) {
		if l.Err != nil || l.Note != "" {
			fmt.Fprintln(out.Stderr, l)
			return
		}
		fmt.Fprintln(stdout, l)
	}
	err := inspect.Verify(context.Background(), c.DataDir, receipts, report, logging.Progress(out.Stderr, "verify"))
	return errors.Join(err, stdout.Flush())
}

type exportCommand struct {
	ID      string `arg:"" optional:"" help:"The conversation. Without it, export lists the conversations."`
	Format  string `default:"jsonl" enum:"jsonl,json,txt,md" placeholder:"FORMAT"`
	DataDir string `default:"./data" placeholder:"DIR" aliases:"data"`
}

// Run writes the same as the server's HTTP transcript.
func (c *exportCommand) Run(out *server.Streams) error {
	if c.ID == "" {
		names, err := c.conversations()
		if err == nil {
			err = fmt.Errorf("export needs the name of a conversation: %s has %s", c.DataDir, names)
		}
		return refused{err}
	}
	id := protocol.ConversationID(c.ID)
	if !id.Valid() {
		return refused{errors.New(protocol.InvalidConversation(c.ID).Reason)}
	}

	stdout := bufio.NewWriterSize(out.Stdout, 64<<10)
	lines := func(yield func([]byte) error) error { return inspect.Lines(c.DataDir, id, yield) }
	err := export.Write(stdout, c.Format, c.ID, lines)
	if errors.Is(err, inspect.ErrNoConversation) {
		names, err := c.conversations()
		return errors.Join(fmt.Errorf("there is no conversation %q in %s, which has %s", c.ID, c.DataDir, names), err)
	}
	return errors.Join(err, stdout.Flush())
}

// conversations lists the names of the record's conversations, as many as fit into a line that people can read.
func (c *exportCommand) conversations() (string, error) {
	const maxNames = 20
	ids, err := inspect.IDs(c.DataDir)
	if err != nil || len(ids) == 0 {
		return "none yet", err
	}

	names := make([]string, 0, maxNames)
	for _, id := range ids[:min(maxNames, len(ids))] {
		names = append(names, string(id))
	}
	list := strings.Join(names, ", ")
	if more := len(ids) - len(names); more > 0 {
		list += fmt.Sprintf(" and %d more, which verbatim verify --data-dir %s prints", more, c.DataDir)
	}
	return list, nil
}
