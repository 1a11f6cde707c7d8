// Baselines is the least that a chat server can cost: fan-out and nothing else. It speaks just enough of the contract
// (welcome, joined, left, message with a seq, ack, pong) that what drives Verbatim drives it too. It keeps no record
// and no history, makes no presence, checks nothing, and acks at once. It is what scripts/bench compares Verbatim
// with:
//
//	-kind coder    coder/websocket the plain way: a goroutine and a bounded queue for each connection,
//	               one Write a message
//	-kind frames   coder/websocket upgrades and reads; a frame is made once for all members, and what has
//	               gathered for a connection goes out in one write call past the library
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// waiting is how many bytes or, in coder's queue, a hundredth as many messages may wait for one connection. What is
// above it is dropped: a baseline has nothing to catch up from, and the load generator counts what is lost.
const waiting = 100 << 10

func main() {
	kind := flag.String("kind", "coder", "coder or frames")
	addr := flag.String("listen", "127.0.0.1:0", "where to serve, `host:port`; port 0 picks a free one")
	flag.Parse()
	if err := serve(*kind, *addr); err != nil {
		fmt.Fprintln(os.Stderr, "baselines:", err)
		os.Exit(1)
	}
}

func serve(kind, addr string) error {
	handle, ok := map[string]http.HandlerFunc{"coder": serveCoder, "frames": serveFrames}[kind]
	if !ok {
		return fmt.Errorf("-kind %q: give coder or frames", kind)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", l.Addr())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", handle)
	web := http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return web.Serve(l)
}
