package main

import (
	"context"
	"net/http"

	"github.com/coder/websocket"
)

// coder is the plain way: each connection has a queue, and a goroutine that writes what stands in it.
type coder struct {
	queue chan []byte // never closed: over ends its writer
	over  chan struct{}
}

func (*coder) prepare(payload []byte) []byte { return payload }

func (m *coder) put(payload []byte) {
	select {
	case m.queue <- payload:
	default: // dropped
	}
}

func serveCoder(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	m := &coder{queue: make(chan []byte, waiting/100), over: make(chan struct{})}
	written := make(chan struct{})
	go func() { defer close(written); m.write(ws) }() // the handler's; ends with over, or with the connection
	(&session{member: m}).run(ws, r)
	close(m.over)
	_ = ws.CloseNow()
	<-written
}

func (m *coder) write(ws *websocket.Conn) {
	for {
		select {
		case payload := <-m.queue:
			if ws.Write(context.Background(), websocket.MessageText, payload) != nil {
				return
			}
		case <-m.over:
			return
		}
	}
}
