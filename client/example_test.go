package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"verbatim/client"
	"verbatim/protocol"
)

// A bot that answers, for as long as it may. It survives restarts of the server: what it was sent meanwhile comes when
// it is back, and what it said is on the record once. So it survives its own: it keeps where it stands once an answer
// is on the record, and gives each answer an id of its own, so that what it sends again is the same message.
func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var c *client.Client
	c, err := client.New(client.Options{
		URL:   "127.0.0.1:8080",
		Name:  "echo",
		Joins: []client.Join{stood()},
		Handler: client.Handler{
			Entry: func(e *client.Entry) {
				m, err := e.Message()
				if err != nil || m.From == c.User() {
					return
				}
				// TrySend, since a Handler may not wait for what it brings itself.
				answer := client.Message{Conversation: e.Conversation, ID: answerTo(m.Seq), Text: m.PlainText(), Target: m.Seq}
				if _, err := c.TrySend(answer); err != nil {
					log.Print(err)
				}
			},
			Ack:          func(a client.Ack) { keep(c, a) },
			Refuse:       func(r client.Refusal) { log.Printf("refused: %v", r.Err) },
			Disconnected: func(d client.Disconnected) { log.Printf("%v; again in %v", d.Err, d.Retry) },
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Run(ctx))
}

const file = "echo.json"

// kept is what the bot knows of its life before.
type kept struct {
	Position client.Join
	Answered protocol.Seq // up to this question, all have their answer
}

func answerTo(question protocol.Seq) protocol.MessageID {
	return protocol.MessageID(fmt.Sprint("answer-", question))
}

// stood is where the bot goes on: after the last question that it answered, or at the beginning.
func stood() client.Join {
	join := client.Join{Conversation: "lobby", After: protocol.Number{Set: true}}
	data, err := os.ReadFile(file)
	if err != nil {
		return join
	}
	var k kept
	if err := json.Unmarshal(data, &k); err != nil {
		log.Fatal(err)
	}
	k.Position.After.Value = uint64(k.Answered)
	return k.Position
}

// keep notes that a question has its answer. Acks come in the order of sending, so that all before it have theirs.
func keep(c *client.Client, a client.Ack) {
	position, ok := c.Resume(a.Conversation)
	question, err := strconv.ParseUint(strings.TrimPrefix(string(a.ID), "answer-"), 10, 64)
	if !ok || err != nil {
		return
	}
	data, err := json.Marshal(kept{position, protocol.Seq(question)})
	if err == nil {
		err = os.WriteFile(file+".new", data, 0o600)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		log.Print(err)
	}
}
