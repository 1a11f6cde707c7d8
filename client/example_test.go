package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/signal"

	"verbatim/client"
	"verbatim/protocol"
)

// A bot that answers each message once, whatever fails. It is told that there are messages, reads them in pages, and
// keeps how far it has answered once an answer is on the record. Each answer has an id that follows from its question:
// what is sent again, by the client over a lost connection or by the bot after a restart, is the same message.
func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b := &bot{fresh: make(chan struct{}, 1)}
	if err := b.load(); err != nil {
		log.Fatal(err)
	}
	var err error
	b.client, err = client.New(client.Options{
		URL:   "127.0.0.1:8080",
		Name:  "echo",
		Joins: []client.Join{{Conversation: room, Follow: true}},
		Handler: client.Handler{ // which may not wait: it only wakes the work
			Joined:       func(client.Joined) { b.wake() },
			Last:         func(client.Last) { b.wake() },
			Disconnected: func(d client.Disconnected) { log.Printf("%v; again in %v", d.Err, d.Retry) },
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	go b.work(ctx) // main's; waits for messages and answers; ends with ctx or the client
	fmt.Println(b.client.Run(ctx))
}

const (
	room = "lobby"
	file = "echo.json"
)

type bot struct {
	client *client.Client
	fresh  chan struct{} // capacity 1: there may be messages

	// What the bot knows of its life before.
	Log      protocol.LogID // the record that Answered is of
	Answered protocol.Seq   // all up to this one
}

func (b *bot) wake() {
	select {
	case b.fresh <- struct{}{}:
	default:
	}
}

func (b *bot) work(ctx context.Context) {
	for {
		more, err := b.answerPage(ctx)
		switch {
		case ctx.Err() != nil || errors.Is(err, client.ErrClosed):
			return
		case err != nil:
			log.Print(err) // it is tried again with the next message
		case more:
			continue
		}
		select {
		case <-b.fresh:
		case <-ctx.Done():
			return
		}
	}
}

func (b *bot) answerPage(ctx context.Context) (more bool, err error) {
	if now, _ := b.client.Position(room); now != b.Log {
		b.Log, b.Answered = now, 0 // another record, whose seqs mean something else
	}
	after := protocol.Number{Value: uint64(b.Answered), Set: true}
	page, more, err := b.client.History(ctx, client.Page{Conversation: room, After: after})
	if err != nil {
		return false, err
	}
	for _, m := range page {
		if text := m.PlainText(); m.From != b.client.User() && text != "" {
			answer := client.Message{
				Conversation: room, Text: text, Target: m.Seq,
				ID: protocol.MessageID(fmt.Sprintf("answer-%s-%d", b.Log, m.Seq)),
			}
			if _, err := b.client.SendWait(ctx, answer); err != nil {
				return false, err
			}
		}
		b.Answered = m.Seq
		if err := b.save(); err != nil {
			return false, err
		}
	}
	return more, nil
}

func (b *bot) load() error {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(data, b)
}

// save writes a new file and puts it in the place of the old one: half a file never stands there.
func (b *bot) save() error {
	data, err := json.Marshal(b)
	if err == nil {
		err = os.WriteFile(file+".new", data, 0o600)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	return err
}
