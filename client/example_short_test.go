package client_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"verbatim/client"
	"verbatim/protocol"
)

// Dial connects, and the client stays connected until Close.
func ExampleDial() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, client.Options{
		URL:   "127.0.0.1:8080",
		Name:  "ann",
		Joins: []client.Join{{Conversation: "lobby"}},
		Handler: client.Handler{
			Entry: func(e *client.Entry) {
				if m, err := e.Message(); err == nil {
					fmt.Println(m.Seq, m.From, m.PlainText())
				}
			},
			Disconnected: func(d client.Disconnected) { log.Printf("%v; the next attempt is in %v", d.Err, d.Retry) },
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
}

// SendWait returns when the message is on the record. With an ID it is recorded once, however often it is sent.
func ExampleClient_SendWait() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, client.Options{URL: "127.0.0.1:8080", Name: "builds"})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	ack, err := c.SendWait(ctx, client.Message{Conversation: "lobby", ID: "job-7", Text: "built"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("entry %d, with the receipt lobby:%d:%s\n", ack.Seq, ack.Seq, ack.Sum)
}

// Resume returns the position from which a later client goes on. Keep it where it survives the program.
func ExampleClient_Resume() {
	const room protocol.ConversationID = "lobby"
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	joined := make(chan struct{}, 1) // Dial waits for the welcome, and the join is answered after it
	first, err := client.Dial(ctx, client.Options{
		URL: "127.0.0.1:8080", Name: "ann", Joins: []client.Join{{Conversation: room}},
		Handler: client.Handler{Joined: func(client.Joined) {
			select {
			case joined <- struct{}{}:
			default:
			}
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	select {
	case <-joined:
	case <-ctx.Done():
	}
	position, ok := first.Resume(room)
	first.Close()
	if !ok {
		position = client.Join{Conversation: room} // it was never joined
	}

	second, err := client.Dial(ctx, client.Options{
		URL: "127.0.0.1:8080", Name: "ann", Joins: []client.Join{position}, // gets exactly what came meanwhile
		Handler: client.Handler{
			Reset: func(r client.Reset) { log.Printf("%s has another record now: it is read from the start", room) },
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	second.Close()
}
