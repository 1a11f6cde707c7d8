package server

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	slashes "path"
	"strings"
)

// publicURL is where people reach the server, where that is not what it listens on: behind a proxy, below a path.
type publicURL struct {
	origin origin
	path   string // begins and ends with a slash
}

func (p *publicURL) String() string {
	return p.origin.String() + (&url.URL{Path: p.path}).EscapedPath()
}

// ownPaths are the first parts of the server's own paths. Below one of them the two ways to reach the server, with
// the path taken away by a proxy and with it left there, could not be told apart.
var ownPaths = []string{"api", "assets", "c", "healthz", "metrics", "readyz", "ws"}

// parsePublicURL reads --public-url; nil without one.
func parsePublicURL(text string) (*publicURL, error) {
	if text == "" {
		return nil, nil
	}
	p, err := readPublicURL(text)
	if err != nil {
		return nil, fmt.Errorf("--public-url %q: %w: write it as https://chat.example.com/ or https://example.com/chat/", text, err)
	}
	return p, nil
}

func readPublicURL(text string) (*publicURL, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	if !ok || defaultPorts[scheme] == "" {
		return nil, errors.New("it begins with neither http:// nor https://")
	}
	if strings.ContainsAny(rest, "?#@") {
		return nil, errors.New("a user, a query and a fragment have no place in it")
	}
	host, escaped, _ := strings.Cut(rest, "/")
	var err error
	p := &publicURL{origin: origin{scheme: scheme}}
	if p.origin.host, err = normalHost(scheme, host); err != nil {
		return nil, err
	}
	p.path, err = publicPath(escaped)
	return p, err
}

// publicPath is the path with a slash at both ends.
func publicPath(escaped string) (string, error) {
	parsed, err := url.Parse("/" + escaped)
	if err != nil {
		return "", errors.New("its path is not well formed")
	}
	if parsed.Path == "/" {
		return "/", nil
	}
	clean := slashes.Clean(parsed.Path)
	escapedSlash := strings.Count(parsed.Path, "/") != strings.Count(parsed.EscapedPath(), "/")
	if clean != strings.TrimSuffix(parsed.Path, "/") || escapedSlash {
		return "", errors.New("its path has empty parts or dots")
	}
	first, _, _ := strings.Cut(clean[1:], "/")
	for _, own := range ownPaths {
		if first == own {
			return "", fmt.Errorf("/%s is a path of the server's own, so choose another", own)
		}
	}
	return clean + "/", nil
}

// below serves what next does below a path as well, for proxies that leave the path there. The path without its
// last slash leads to it; the address in the answer is a relative one, which holds behind any proxy.
func below(root string, next http.Handler) http.Handler {
	if root == "/" {
		return next
	}
	name := slashes.Base(root) + "/"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path+"/" == root:
			to := url.URL{Path: "./" + name, RawQuery: r.URL.RawQuery}
			w.Header().Set("Location", to.String())
			w.WriteHeader(http.StatusPermanentRedirect)
		case strings.HasPrefix(r.URL.Path, root):
			next.ServeHTTP(w, without(root, r))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// without is a request with the path below root. The path may be escaped in more than one way (%c3 and %C3), so that
// what is taken from that form is counted in slashes: http.StripPrefix finds nothing to take there, and answers 404.
func without(root string, r *http.Request) *http.Request {
	to, asked := *r.URL, *r
	to.Path = r.URL.Path[len(root)-1:]
	if to.RawPath != "" {
		parts := strings.SplitN(to.RawPath, "/", strings.Count(root, "/")+1)
		to.RawPath = "/" + parts[len(parts)-1] // where that does not fit the path, an URL does without it
	}
	asked.URL = &to
	return &asked
}
