package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
)

const script = "assets/index-4f2a.js"

// built stands for what Vite makes, so that these tests need no Node.
var built = fstest.MapFS{
	".keep":          {},
	"index.html":     {Data: []byte(`<!doctype html><title>Verbatim</title><script src="./` + script + `"></script><link href="./assets/a.css">`)},
	"index.html.gz":  {Data: []byte("page in gzip")},
	script:           {Data: []byte("plain script")},
	script + ".br":   {Data: []byte("script in brotli")},
	script + ".gz":   {Data: []byte("script in gzip")},
	"assets/tiny.js": {Data: []byte("too small to compress")},
}

// get asks the built page for a path, with header given as pairs of key and value.
func get(t *testing.T, path string, header ...string) *http.Response {
	t.Helper()
	return ask(newHandler(built), http.MethodGet, path, header...)
}

func ask(handler http.Handler, method, path string, header ...string) *http.Response {
	request := httptest.NewRequest(method, "http://chat.example:8080"+path, nil)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder.Result()
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(read)
}

func TestTheRootAndEveryConversationAreTheSamePage(t *testing.T) {
	for _, path := range []string{"/", "/c/lobby", "/c/Not%20Valid", "/index.html"} {
		response := get(t, path)
		if response.StatusCode != http.StatusOK || !strings.Contains(body(t, response), "<title>Verbatim</title>") {
			t.Errorf("GET %s: got %s, want the page", path, response.Status)
		}
		if got := response.Header.Get("Content-Type"); got != "text/html; charset=utf-8" {
			t.Errorf("GET %s: got Content-Type %q", path, got)
		}
		if got := response.Header.Get("Cache-Control"); got != "no-cache" {
			t.Errorf("GET %s: got Cache-Control %q, want no-cache", path, got)
		}
	}
}

func TestThePageFindsItsFilesFromWhereverItIsServed(t *testing.T) {
	for path, up := range map[string]string{
		"/": "./", "/index.html": "./", "/c/": "../", "/c/lobby": "../", "/c/Not%20Valid": "../", "/c/a%2Fb": "../", "/c/lobby/": "../../", "/c/a/b/c": "../../../",
	} {
		for _, below := range []string{"", "/chat", "/team/chat"} { // a proxy takes it away before we see it
			response := get(t, path)
			html := body(t, response)
			page, err := url.Parse("https://example.com" + below + path)
			if err != nil {
				t.Fatal(err)
			}
			for file, want := range map[string]string{up + script: below + "/" + script, up + "assets/a.css": below + "/assets/a.css"} {
				if found, err := page.Parse(file); !strings.Contains(html, `="`+file+`"`) || err != nil || found.Path != want {
					t.Errorf("GET %s below %q: got %s, want %s, which leads to %s (got %v)", path, below, html, file, want, found)
				}
			}
		}
	}
	deep := get(t, "/c/lobby", "Accept-Encoding", "br, gzip")
	unzipped, err := gzip.NewReader(deep.Body)
	if err != nil || deep.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("a deep link is not sent in gzip: %v, %v", deep.Header, err)
	}
	if html, err := io.ReadAll(unzipped); err != nil || !strings.Contains(string(html), `="../`+script) {
		t.Errorf("a deep link in gzip: got %s, %v", html, err)
	}
	if top, deep := get(t, "/").Header.Get("ETag"), get(t, "/c/lobby").Header.Get("ETag"); top == deep {
		t.Errorf("pages that differ share the ETag %s", top)
	}
	if response := get(t, "/c"+strings.Repeat("/a", 100)); response.StatusCode != http.StatusNotFound {
		t.Errorf("far too deep: got %s, want 404", response.Status)
	}
}

func TestHashedAssetsMayBeKeptForEver(t *testing.T) {
	response := get(t, "/"+script)
	if got, want := response.Header.Get("Cache-Control"), "public, max-age=31536000, immutable"; got != want {
		t.Errorf("got Cache-Control %q, want %q", got, want)
	}
	if got := response.Header.Get("Content-Type"); got != "text/javascript; charset=utf-8" {
		t.Errorf("got Content-Type %q", got)
	}
}

func TestTheSmallestFormThatTheClientTakesIsSent(t *testing.T) {
	for _, test := range []struct{ path, accept, encoding, want string }{
		{script, "", "", "plain script"},
		{script, "gzip", "gzip", "script in gzip"},
		{script, "gzip, deflate, br, zstd", "br", "script in brotli"},
		{script, "br;q=0, GZIP;q=0.5", "gzip", "script in gzip"},
		{script, "br; q=0.0, gzip;q=nonsense", "", "plain script"},
		{"assets/tiny.js", "br, gzip", "", "too small to compress"},
	} {
		response := get(t, "/"+test.path, "Accept-Encoding", test.accept)
		if got := response.Header.Get("Content-Encoding"); got != test.encoding {
			t.Errorf("%s with %q: got encoding %q, want %q", test.path, test.accept, got, test.encoding)
		}
		if got := body(t, response); got != test.want {
			t.Errorf("%s with %q: got %q, want %q", test.path, test.accept, got, test.want)
		}
		if got := response.Header.Get("Vary"); got != "Accept-Encoding" {
			t.Errorf("%s: got Vary %q", test.path, got)
		}
	}
}

func TestAnUnchangedPageIsNotSentAgain(t *testing.T) {
	etag := get(t, "/").Header.Get("ETag")
	if response := get(t, "/", "If-None-Match", etag); response.StatusCode != http.StatusNotModified {
		t.Errorf("with its ETag %s: got %s, want 304", etag, response.Status)
	}
	if zipped := get(t, "/", "Accept-Encoding", "gzip").Header.Get("ETag"); zipped == etag {
		t.Errorf("plain and gzip share the ETag %s", etag)
	}
}

func TestThePageMayOnlyTalkToItsOwnServer(t *testing.T) {
	for _, path := range []string{"/", "/" + script, "/nowhere"} {
		header := get(t, path).Header
		policy := header.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
			"connect-src 'self' ws://chat.example:8080 wss://chat.example:8080",
		} {
			if !strings.Contains(policy, want) {
				t.Errorf("GET %s: %q is not in the policy %q", path, want, policy)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("GET %s: the policy is unsafe: %q", path, policy)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("GET %s: got headers %v", path, header)
		}
	}
}

func TestAHostCannotWriteIntoThePolicy(t *testing.T) {
	for _, host := range []string{"a; script-src *", "a b", "[::1]:8080", ""} {
		if got := connectSource(host); got != "connect-src 'self'" {
			t.Errorf("host %q: got %q", host, got)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	for _, path := range []string{"/nowhere", "/.keep", "/assets/", "/" + script + ".br", "/assets/../index.html.gz", "/c"} {
		if response := get(t, path); response.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: got %s, want 404", path, response.Status)
		}
	}
}

func TestOnlyGetAndHeadAreAnswered(t *testing.T) {
	if response := ask(newHandler(built), http.MethodPost, "/"); response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %s, want 405", response.Status)
	}
	response := ask(newHandler(built), http.MethodHead, "/")
	if response.StatusCode != http.StatusOK || body(t, response) != "" {
		t.Errorf("HEAD: got %s, want 200 without a body", response.Status)
	}
}

func TestAPageThatIsNotBuiltSaysWhatToRun(t *testing.T) {
	empty := newHandler(fstest.MapFS{".keep": {}})
	for _, path := range []string{"/", "/c/lobby", "/assets/index.js"} {
		response := ask(empty, http.MethodGet, path)
		if response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("GET %s: got %s, want 503", path, response.Status)
		}
		if got := body(t, response); got != "page not built: run make build\n" {
			t.Errorf("GET %s: got %q", path, got)
		}
	}
}

func TestTheEmbeddedPageIsServedWhetherBuiltOrNot(t *testing.T) {
	response := ask(Handler(), http.MethodGet, "/")
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %s, want the page or the word that it is not built", response.Status)
	}
}
