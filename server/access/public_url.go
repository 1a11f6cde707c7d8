package access

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	slashes "path"
	"strings"
)

// PublicURL is the URL by which people reach the server if that is not where it listens: behind a proxy, below a path.
type PublicURL struct {
	Origin Origin
	Path   string // begins and ends with a slash
}

func (p *PublicURL) String() string {
	return p.Origin.String() + p.EscapedPath()
}

// ownPaths are the first segments of the server's own paths. Below one of them, a request whose path a proxy has
// stripped could not be told from one whose path it has kept.
var ownPaths = []string{"api", "assets", "c", "healthz", "metrics", "readyz", "ws"}

// EscapedPath returns the path as it stands in a URL.
func (p *PublicURL) EscapedPath() string { return (&url.URL{Path: p.Path}).EscapedPath() }

// ParsePublicURL reads --public-url. It returns nil for an empty text.
func ParsePublicURL(text string) (*PublicURL, error) {
	if text == "" {
		return nil, nil
	}
	p, err := readPublicURL(text)
	if err != nil {
		return nil, fmt.Errorf("--public-url %q: %w: write it as https://chat.example.com/ or "+
			"https://example.com/chat/", text, err)
	}
	return p, nil
}

func readPublicURL(text string) (*PublicURL, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	if !ok || defaultPorts[scheme] == "" {
		return nil, errors.New("it begins with neither http:// nor https://")
	}
	if strings.ContainsAny(rest, "?#@") {
		return nil, errors.New("it must not have a user, a query or a fragment")
	}
	host, escaped, _ := strings.Cut(rest, "/")
	var err error
	p := &PublicURL{Origin: Origin{Scheme: scheme}}
	if p.Origin.Host, err = NormalHost(scheme, host); err != nil {
		return nil, err
	}
	p.Path, err = publicPath(escaped)
	return p, err
}

// publicPath returns the path with a slash at both ends.
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
			return "", fmt.Errorf("/%s is one of the server's own paths: choose another", own)
		}
	}
	return clean + "/", nil
}

// Below serves what next serves, and the same below a path, for proxies that do not strip the path. The path without
// its last slash redirects to it; the redirect is relative, so that it holds behind every proxy.
func Below(root string, next http.Handler) http.Handler {
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

// without returns a request with the path below root. The escaped path may be written in several ways (%c3 and %C3), so
// this counts its slashes instead of comparing it: http.StripPrefix finds no prefix there, and answers 404.
func without(root string, r *http.Request) *http.Request {
	to, asked := *r.URL, *r
	to.Path = r.URL.Path[len(root)-1:]
	if to.RawPath != "" {
		parts := strings.SplitN(to.RawPath, "/", strings.Count(root, "/")+1)
		to.RawPath = "/" + parts[len(parts)-1] // if that does not fit the path, net/url ignores it
	}
	asked.URL = &to
	return &asked
}
