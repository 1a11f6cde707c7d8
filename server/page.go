package server

import (
	"net/http"

	"verbatim/server/access"
	"verbatim/web"
)

// servePage returns the handler of the page's files. The page's security policy names the host that the browser knows.
func servePage(visit func(*http.Request) access.Visit) http.Handler {
	page := web.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v := visit(r); v.Host != r.Host {
			asked := *r
			asked.Host = v.Host
			r = &asked
		}
		page.ServeHTTP(w, r)
	})
}
