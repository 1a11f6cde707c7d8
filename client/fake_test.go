package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// fake is a server whose every word a test says. It is spoken to over pipes, so that it runs in a bubble of time.
type fake struct {
	t      *testing.T
	dialed chan net.Conn
	over   chan struct{}
	came   chan *talk       // the connections, as they are welcomed
	answer http.HandlerFunc // instead of the upgrade, where it is set; guarded by mu
	mu     sync.Mutex
	web    http.Server
	ended  sync.WaitGroup
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, dialed: make(chan net.Conn), over: make(chan struct{}), came: make(chan *talk, 100)}
	f.web.Handler = http.HandlerFunc(f.serve)
	f.ended.Go(func() { _ = f.web.Serve((*pipes)(f)) }) // ends with over
	t.Cleanup(func() {
		close(f.over)
		_ = f.web.Close()
		f.ended.Wait()
	})
	return f
}

type pipes fake

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.dialed:
		return c, nil
	case <-p.over:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (f *fake) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case f.dialed <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-f.over:
		return nil, net.ErrClosed
	}
}

func (f *fake) instead(answer http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	answer := f.answer
	f.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		f.t.Errorf("accept: %v", err)
		return
	}
	ws.SetReadLimit(1 << 20)
	k := &talk{t: f.t, ws: ws, query: r.URL.RawQuery, heard: make(chan map[string]any, 1000)}
	f.ended.Go(k.listen) // the fake's; ends with the connection
	k.say(`{"type":"welcome","session":"s","user":"ann","version":"fake","now":"",` +
		`"limits":{"frame":131072,"text":16384,"ids":600,"ping":30}}`)
	f.came <- k
}

// next is the next connection, welcomed.
func (f *fake) next() *talk {
	f.t.Helper()
	select {
	case k := <-f.came:
		return k
	case <-time.After(time.Hour):
		f.t.Fatal("no connection came within an hour")
		return nil
	}
}

// talk is one connection, from the server's side.
type talk struct {
	t     *testing.T
	ws    *websocket.Conn
	query string
	heard chan map[string]any // closed with the connection
}

func (k *talk) listen() {
	defer close(k.heard)
	for {
		_, frame, err := k.ws.Read(context.Background())
		if err != nil {
			_ = k.ws.CloseNow()
			return
		}
		d := json.NewDecoder(bytes.NewReader(frame))
		d.UseNumber()
		var o map[string]any
		if err := d.Decode(&o); err != nil {
			k.t.Errorf("the client said %q: %v", frame, err)
		}
		k.heard <- o
	}
}

// say may fail: a client goes away when it likes.
func (k *talk) say(frame string) {
	_ = k.ws.Write(context.Background(), websocket.MessageText, []byte(frame))
}

// hears returns the next request, which must be of that type. It skips the request of a recheck, unless kind is its
// type.
func (k *talk) hears(kind string) map[string]any {
	k.t.Helper()
	select {
	case o, ok := <-k.heard:
		if o["type"] == "history" && kind != "history" {
			return k.hears(kind)
		}
		if !ok || o["type"] != kind {
			k.t.Fatalf("heard %v, want %q", o, kind)
		}
		return o
	case <-time.After(time.Hour):
		k.t.Fatalf("no %q within an hour", kind)
		return nil
	}
}

// hearsNothing says that nothing comes within the time.
func (k *talk) hearsNothing(d time.Duration) {
	k.t.Helper()
	select {
	case o := <-k.heard:
		k.t.Fatalf("heard %v, want nothing", o)
	case <-time.After(d):
	}
}

func (k *talk) close(code int, reason string) {
	_ = k.ws.Close(websocket.StatusCode(code), reason)
}

// ref returns a request's ref as a field.
func ref(request map[string]any) string { return `,"ref":"` + request["ref"].(string) + `"` }

// fails answers a request about the lobby with an error. rest are further fields.
func (k *talk) fails(request map[string]any, code, reason, rest string) {
	k.say(`{"type":"error","code":"` + code + `","reason":"` + reason + `","conversation":"lobby"` + rest +
		ref(request) + `}`)
}

// pages answers a request for a page of the lobby with these entries.
func (k *talk) pages(request map[string]any, entries string, more bool) {
	k.say(fmt.Sprintf(`{"type":"history","conversation":"lobby","messages":[%s],"more":%v%s}`,
		entries, more, ref(request)))
}

// joins accepts the next join of the lobby.
func (k *talk) joins(log, first, last string) map[string]any {
	k.t.Helper()
	o := k.hears("join")
	if log != "" {
		log = `"log":"` + log + `",`
	}
	k.say(`{"type":"joined","conversation":"lobby",` + log + `"first":` + first + `,"last":` + last +
		`,"online":["ann"],"count":1,"reads":{}` + ref(o) + `}`)
	return o
}

func (k *talk) entry(kind, seq string) {
	k.say(`{"type":"` + kind + `","conversation":"lobby","seq":` + seq + `,"id":"m` + seq +
		`","from":"bob","time":"2026-11-24T12:00:00.000000Z","text":"hi"}`)
}
