// Package web serves the browser's page out of the binary.
//
// The page is built by Vite into dist (npm run build) and embedded here; it is never committed. A checkout that was
// not built still compiles: its handler answers 503 and says what to run.
//
// # Concurrency
//
// A handler is fixed once it is made, so it may serve any number of requests at once.
package web

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"
)

//go:embed all:dist
var dist embed.FS

// Handler serves the page at / and at every /c/{conversation}, and the files that the page is made of.
// It answers GET and HEAD alone. The page itself is asked for anew each time (no-cache, with an ETag);
// its assets carry their hash in their name and may be kept for ever. Every address in the page is relative, so that a
// proxy may serve it below a path that it takes away.
func Handler() http.Handler {
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(fmt.Sprintf("web: the embedded folder has no dist: %v", err))
	}
	return newHandler(built)
}

// page is the handler: what was built, by its path without the leading slash.
type page struct {
	assets map[string]asset // fixed after newHandler
	pages  []asset          // the page itself, by how many folders deep it is; fixed too; empty: it is not built
}

// deepest is how many folders deep the page is served: /c/a is one deep. What is deeper names no conversation.
const deepest = 8

// newHandler serves the page that is in built, which may be empty.
func newHandler(built fs.FS) http.Handler {
	assets, err := readAssets(built)
	if err != nil {
		panic(fmt.Sprintf("web: reading the built page: %v", err))
	}
	p := page{assets: assets}
	index, ok := assets["index.html"]
	for depth := 0; ok && depth <= deepest; depth++ {
		p.pages = append(p.pages, deeper(index, depth))
	}
	return p
}

// ServeHTTP implements http.Handler.
func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setSecurityHeaders(w.Header(), r.Host)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if len(p.pages) == 0 {
		http.Error(w, "page not built: run make build", http.StatusServiceUnavailable)
		return
	}
	found, ok := p.at(r.URL)
	if !ok {
		http.NotFound(w, r)
		return
	}
	serve(w, r, found)
}

// at returns what answers for a request's path. Every conversation is the same page: the page reads from its own
// address which one to open.
func (p page) at(u *url.URL) (asset, bool) {
	if u.Path != "/" && u.Path != "/index.html" && !strings.HasPrefix(u.Path, "/c/") {
		a, ok := p.assets[strings.TrimPrefix(u.Path, "/")]
		return a, ok
	}
	depth := strings.Count(u.EscapedPath(), "/") - 1 // as the browser counts: an escaped slash is none
	if depth < 0 || depth >= len(p.pages) {
		return asset{}, false
	}
	return p.pages[depth], true
}

// serve writes one asset in the smallest form that the client takes.
func serve(w http.ResponseWriter, r *http.Request, a asset) {
	body, encoding := a.choose(r.Header.Get("Accept-Encoding"))
	header := w.Header()
	header.Set("Content-Type", a.contentType)
	header.Set("Cache-Control", a.cacheControl)
	header.Set("ETag", a.etag(encoding))
	header.Add("Vary", "Accept-Encoding")
	if encoding != "" {
		header.Set("Content-Encoding", encoding)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body)) // it answers If-None-Match from the ETag
}
