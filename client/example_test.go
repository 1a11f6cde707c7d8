package client_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"verbatim/client"
)

// A bot that answers, for as long as it may. It survives restarts of the server: what it was sent meanwhile comes when it
// is back, and what it said is on the record once.
func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var c *client.Client
	c, err := client.New(client.Options{
		URL:   "127.0.0.1:8080",
		Name:  "echo",
		Joins: []client.Join{{Conversation: "lobby", Limit: client.LiveOnly}},
		Handler: client.Handler{
			Entry: func(e *client.Entry) {
				m, err := e.Message()
				if err != nil || m.From == c.User() {
					return
				}
				// TrySend, since a Handler may not wait for what it brings itself.
				if _, err := c.TrySend(client.Message{Conversation: e.Conversation, Text: m.PlainText(), Target: m.Seq}); err != nil {
					log.Print(err)
				}
			},
			Refuse:       func(r client.Refusal) { log.Printf("refused: %v", r.Err) },
			Disconnected: func(d client.Disconnected) { log.Printf("%v; again in %v", d.Err, d.Retry) },
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Run(ctx))
}
