package server

import (
	"net/http"
	slashes "path"
	"strings"

	"verbatim/server/access"
)

// paths redirects paths that are not in their normal form.
type paths struct {
	public *access.PublicURL // nil: none was given
	visit  func(*http.Request) access.Visit
}

// tidy redirects a path with empty parts (//c/lobby) to the one without them, as a ServeMux does, but never out of the
// path below which a proxy serves this server: to --public-url if the request came by that, and else to a relative
// address. Clients remove dots before they send a request; a path that still has some leads nowhere.
func (p *paths) tidy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.EscapedPath()
		clean := slashes.Clean(asked)
		if strings.HasSuffix(asked, "/") && clean != "/" {
			clean += "/"
		}
		switch {
		case !strings.HasPrefix(asked, "/"):
			noPath(w, r)
		case clean == asked:
			next.ServeHTTP(w, r)
		case hasDots(asked):
			noSuchPath(w, r)
		default:
			root := p.publicRoot(r)
			if root == "" { // some clients (Python's) ignore empty parts when they go up, and go too far
				root = strings.Repeat("../", strings.Count(asked, "/")-1)
			}
			to := root + clean[1:]
			if r.URL.RawQuery != "" {
				to += "?" + r.URL.RawQuery
			}
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
	})
}

// publicRoot returns the path of --public-url if the request came by its host, else "".
func (p *paths) publicRoot(r *http.Request) string {
	own := p.public
	if own == nil || own.Path == "/" {
		return ""
	}
	if host, err := access.NormalHost(own.Origin.Scheme, p.visit(r).Host); err != nil || host != own.Origin.Host {
		return ""
	}
	return own.EscapedPath()
}

// hasDots reports whether a part of a path is . or ..
func hasDots(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if part == "." || part == ".." {
			return true
		}
	}
	return false
}
