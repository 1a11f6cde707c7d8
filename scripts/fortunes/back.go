package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/coder/websocket"
)

// compare holds every quotation to the text that stands at its seq.
func (b *book) compare(door string, at func(seq int) (string, bool)) error {
	for i, want := range b.quotations {
		got, ok := at(b.seqs[i])
		if !ok {
			return fmt.Errorf("%s: seq %d is not there", door, b.seqs[i])
		}
		if got != want {
			return fmt.Errorf("%s: seq %d differs\n got  %q\n want %q", door, b.seqs[i], got, want)
		}
	}
	return nil
}

func (b *book) first() int { return b.seqs[0] }
func (b *book) last() int  { return b.seqs[len(b.seqs)-1] }

// readSocket joins after what stood there before this run and reads up to its last quotation.
func (p *play) readSocket(ctx context.Context, b *book) error {
	conn, err := p.connect(ctx, "reader")
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	join := fmt.Sprintf(`{"type":"join","conversation":"%s","after":%d}`, b.conversation, b.first()-1)
	if err := conn.Write(ctx, websocket.MessageText, []byte(join)); err != nil {
		return err
	}
	texts := map[int]string{}
	for seq := b.first() - 1; seq < b.last(); {
		f, err := next(ctx, conn)
		if err != nil {
			return err
		}
		if f.Type != "message" {
			continue
		}
		if f.Seq != seq+1 {
			return fmt.Errorf("seq %d after %d", f.Seq, seq)
		}
		seq = f.Seq
		texts[f.Seq] = f.Text
	}
	return b.compare("WebSocket", func(seq int) (string, bool) { text, ok := texts[seq]; return text, ok })
}

// readHTTP reads page by page.
func (p *play) readHTTP(ctx context.Context, b *book) error {
	texts := map[int]string{}
	for after := b.first() - 1; after < b.last(); {
		var page struct{ Messages []frame }
		url := fmt.Sprintf("http://%s/api/conversations/%s/messages?limit=1000&after=%d", p.addr, b.conversation, after)
		if err := getJSON(ctx, url, &page); err != nil {
			return err
		}
		if len(page.Messages) == 0 {
			return fmt.Errorf("GET %s: an empty page", url)
		}
		for _, m := range page.Messages {
			texts[m.Seq], after = m.Text, m.Seq
		}
	}
	return b.compare("HTTP", func(seq int) (string, bool) { text, ok := texts[seq]; return text, ok })
}

// pages has one connection for each page that is asked for at once.
var pages = http.Client{Transport: &http.Transport{MaxConnsPerHost: dials, MaxIdleConnsPerHost: dials}}

func getJSON(ctx context.Context, url string, v any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := pages.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(v)
}

// fileWait is how long a line may take into its file: the server writes them in runs, at the latest after a second.
const fileWait = 15 * time.Second

// readFile reads the transcript as it lies on the disk.
func (p *play) readFile(ctx context.Context, b *book) error {
	path := filepath.Join(p.data, "transcripts", b.conversation+".jsonl")
	deadline := time.Now().Add(fileWait)
	for {
		texts, err := readTranscript(path)
		late := time.Now().After(deadline)
		if err != nil && (late || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
		if _, there := texts[b.last()]; there || late {
			return b.compare(path, func(seq int) (string, bool) { text, ok := texts[seq]; return text, ok })
		}
		select {
		case <-time.After(200 * time.Millisecond): // between two looks
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func readTranscript(path string) (map[int]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	texts := map[int]string{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var f frame
		if json.Unmarshal(lines.Bytes(), &f) != nil {
			continue // the newest line may be half written; if it is one of ours it is missed below
		}
		if f.Type == "message" {
			texts[f.Seq] = f.Text
		}
	}
	return texts, lines.Err()
}
