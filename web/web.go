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
	"strings"
	"time"
)

//go:embed all:dist
var dist embed.FS

// Handler serves the page at / and at every /c/{conversation}, and the files that the page is made of.
// It answers GET and HEAD alone. The page itself is asked for anew each time (no-cache, with an ETag);
// its assets carry their hash in their name and may be kept for ever.
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
}

// newHandler serves the page that is in built, which may be empty.
func newHandler(built fs.FS) http.Handler {
	assets, err := readAssets(built)
	if err != nil {
		panic(fmt.Sprintf("web: reading the built page: %v", err))
	}
	return page{assets: assets}
}

// ServeHTTP implements http.Handler.
func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setSecurityHeaders(w.Header(), r.Host)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if _, built := p.assets["index.html"]; !built {
		http.Error(w, "page not built: run make build", http.StatusServiceUnavailable)
		return
	}
	found, ok := p.assets[assetPath(r.URL.Path)]
	if !ok {
		http.NotFound(w, r)
		return
	}
	serve(w, r, found)
}

// assetPath is the file that answers for a request's path. Every conversation is the same page:
// the page reads from its own address which one to open.
func assetPath(path string) string {
	if path == "/" || strings.HasPrefix(path, "/c/") {
		return "index.html"
	}
	return strings.TrimPrefix(path, "/")
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
