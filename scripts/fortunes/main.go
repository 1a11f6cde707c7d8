// Fortunes is a proof that anybody can run: it plays the quotations of Debian's fortunes packages, in a dozen
// languages, into a running server over hundreds of sockets, one conversation for each file, and then reads
// everything back over WebSocket, over HTTP and from the transcripts' files, and compares it byte for byte.
//
//	bin/verbatim serve --send-rate 0 &
//	go run ./scripts/fortunes -addr 127.0.0.1:8080 -data ./data
//
// It exits 1 with the first difference. It may run again and again into one server: it compares what it sent itself.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	p := play{dialing: make(chan struct{}, dials)}
	flag.StringVar(&p.addr, "addr", "127.0.0.1:8080", "the server's `host:port`")
	flag.StringVar(&p.data, "data", "",
		"the server's data `folder`; without it the transcripts' files are not compared")
	flag.IntVar(&p.sockets, "sockets", 300, "how many sockets play at once")
	from := flag.String("from", "/usr/share/games/fortunes", "the `folder` of quotations")
	each := flag.Int("each", 20, "play at most so many quotations of each file")
	all := flag.Bool("all", false, "play all quotations of every file")
	flag.Parse()
	if *all {
		*each = 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, &p, *from, *each)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fortunes:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, p *play, from string, each int) error {
	began := time.Now()
	books, passed, err := readBooks(from, each)
	if err != nil {
		return err
	}
	books = append(books, ownBooks()...)
	total := 0
	for _, b := range books {
		total += len(b.quotations)
	}
	fmt.Printf("%d quotations of %d files (%d passed over: not UTF-8, or too long) over %d sockets\n",
		total, len(books), passed, p.sockets)
	for _, step := range []struct {
		what string
		do   func(context.Context, *book) error
	}{
		{"played", p.play},
		{"read back over WebSocket", p.readSocket},
		{"read back over HTTP", p.readHTTP},
		{"read back from the transcripts' files", p.readFile},
	} {
		if p.data == "" && step.what == "read back from the transcripts' files" {
			continue
		}
		at := time.Now()
		if err := p.each(ctx, step.what, books, step.do); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		fmt.Printf("%s: %d quotations, %.1f s\n", step.what, total, time.Since(at).Seconds())
	}
	fmt.Printf("all the same, byte for byte (%.1f s)\n", time.Since(began).Seconds())
	return nil
}
