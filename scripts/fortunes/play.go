package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"
)

// play is one run against one server.
type play struct {
	addr    string
	data    string
	sockets int
	dialing chan struct{} // holds one of each connection that is being made
}

// window is how many quotations a socket has in flight.
const window = 16

// dials is how many connections are made at once, and how many ask for pages. A server that is busy closes those of one
// address beyond 32.
const dials = 16

// stepTimeout bounds one book's step, so that a server that stops answering ends the run.
const stepTimeout = 60 * time.Second

// each does a step for all books, so many at once as there are sockets, and shows how far it is on a terminal.
func (p *play) each(ctx context.Context, what string, books []*book, do func(context.Context, *book) error) error {
	var done atomic.Int64
	shown := make(chan struct{})
	progressing, stop := context.WithCancel(ctx)
	go func() { // ends with the step
		defer close(shown)
		progress(progressing, what, &done, len(books))
	}()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(p.sockets)
	for _, b := range books {
		g.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, stepTimeout+time.Duration(len(b.quotations))*10*time.Millisecond)
			defer cancel()
			if err := do(ctx, b); err != nil {
				return fmt.Errorf("%s: %w", b.conversation, err)
			}
			done.Add(1)
			return nil
		})
	}
	err := g.Wait()
	stop()
	<-shown
	return err
}

func progress(ctx context.Context, what string, done *atomic.Int64, of int) {
	info, err := os.Stderr.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			fmt.Fprintf(os.Stderr, "\r%s: %d of %d files", what, done.Load(), of)
		case <-ctx.Done():
			fmt.Fprint(os.Stderr, "\r\033[K")
			return
		}
	}
}

// frame is what the program needs of the server's objects.
type frame struct {
	Type, Conversation, ID, From, Text, Code, Reason string
	Seq, Last                                        int
}

func (p *play) connect(ctx context.Context, name string) (*websocket.Conn, error) {
	select {
	case p.dialing <- struct{}{}:
		defer func() { <-p.dialing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	conn, _, err := websocket.Dial(ctx, "ws://"+p.addr+"/ws?name="+name, nil)
	if err == nil {
		conn.SetReadLimit(-1)
	}
	return conn, err
}

// join follows the conversation from now on and gives the `joined`.
func join(ctx context.Context, conn *websocket.Conn, conversation string) (frame, error) {
	request := fmt.Sprintf(`{"type":"join","conversation":"%s","limit":0}`, conversation)
	if err := conn.Write(ctx, websocket.MessageText, []byte(request)); err != nil {
		return frame{}, err
	}
	for {
		if f, err := next(ctx, conn); err != nil || f.Type == "joined" {
			return f, err
		}
	}
}

// next is the next frame; an error that the server says is one here.
func next(ctx context.Context, conn *websocket.Conn) (frame, error) {
	var f frame
	_, b, err := conn.Read(ctx)
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err == nil && f.Type == "error" {
		err = fmt.Errorf("the server says %s: %s", f.Code, f.Reason)
	}
	return f, err
}

// play sends a book's quotations in order, takes the acks, and compares what comes live, which is the author's own too.
func (p *play) play(ctx context.Context, b *book) error {
	conn, err := p.connect(ctx, "fortune")
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	joined, err := join(ctx, conn, b.conversation)
	if err != nil {
		return err
	}
	b.seqs = make([]int, len(b.quotations))
	run := fmt.Sprintf("%x", time.Now().UnixNano()) // ids of this run alone: a second run is not a resend
	live := map[int]string{}
	sent, acked := 0, 0
	for acked < len(b.quotations) || len(live) < len(b.quotations) {
		for sent < len(b.quotations) && sent-acked < window {
			if err := sendQuotation(ctx, conn, b, fmt.Sprintf("%s-%d", run, sent), b.quotations[sent]); err != nil {
				return err
			}
			sent++
		}
		f, err := next(ctx, conn)
		if err != nil {
			return err
		}
		switch f.Type {
		case "ack":
			if want := fmt.Sprintf("%s-%d", run, acked); f.ID != want {
				return fmt.Errorf("ack of %s where %s was due", f.ID, want)
			}
			b.seqs[acked] = f.Seq
			acked++
		case "message":
			if f.Seq > joined.Last && f.From == "fortune" {
				live[f.Seq] = f.Text
			}
		}
	}
	return b.compare("live", func(seq int) (string, bool) { text, ok := live[seq]; return text, ok })
}

func sendQuotation(ctx context.Context, conn *websocket.Conn, b *book, id, text string) error {
	send := map[string]string{"type": "send", "conversation": b.conversation, "id": id, "text": text}
	frame, err := json.Marshal(send)
	if err != nil {
		return err
	}
	return conn.Write(ctx, websocket.MessageText, frame)
}
