package query

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"verbatim/protocol"
)

// CheckNames refuses a query that has a name beyond these, or one of `once` more than once. A mistyped name must not be
// ignored, since the answer would be to another question.
func CheckNames(values url.Values, once []string, repeated ...string) *protocol.Error {
	for _, name := range slices.Sorted(maps.Keys(values)) { // so that of several errors the same one is told each time
		switch {
		case slices.Contains(repeated, name):
		case !slices.Contains(once, name):
			return unknownName(name, slices.Concat(once, repeated))
		case len(values[name]) > 1:
			return protocol.Errorf(protocol.CodeBadRequest,
				"%s is given %d times in the query, and has one value: leave the others out", name, len(values[name]))
		}
	}
	return nil
}

func unknownName(name string, known []string) *protocol.Error {
	quoted := fmt.Sprintf("%.40q", name)
	switch meant := nearest(name, known); {
	case name == "token":
		return protocol.BadRequest(
			"the query has a token, and this server takes none in a URL, where it ends up in logs: leave it out")
	case len(known) == 0:
		return protocol.Errorf(protocol.CodeBadRequest,
			"the query has %s, and this request takes no query: what it says belongs into the body",
			quoted).WithoutInLog(quoted)
	case meant != "": // so it is no secret
		return protocol.Errorf(protocol.CodeBadRequest,
			"the query has %s, which is no name here: was %s meant? There %s", quoted, meant, enumerated(known))
	default:
		return protocol.Errorf(protocol.CodeBadRequest,
			"the query has %s, which is no name here: there %s", quoted, enumerated(known)).WithoutInLog(quoted)
	}
}

// enumerated lists the names for people: "is a", "are a and b", "are a, b and c".
func enumerated(names []string) string {
	if last := len(names) - 1; last > 0 {
		return "are " + strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return "is " + strings.Join(names, "")
}

// nearest returns the name that was perhaps meant, or "". It allows two typing errors, or one in a short name.
func nearest(name string, known []string) (meant string) {
	const longest = 16 // no name is longer
	if len(name) > longest {
		return ""
	}
	name = strings.ToLower(name)
	best := 3
	for _, k := range known {
		forgiven := 2
		if min(len(k), len(name)) <= 4 {
			forgiven = 1
		}
		if d := slips(name, k); d <= forgiven && d < best {
			best, meant = d, k
		}
	}
	return meant
}

// slips returns how many letters must be inserted, deleted, changed or swapped with their neighbour to make one word of
// another.
func slips(a, b string) int {
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for k := range row {
		row[k] = k
	}
	for i := range len(a) {
		next[0] = i + 1
		for k := range len(b) {
			changed := row[k]
			if a[i] != b[k] {
				changed++
			}
			next[k+1] = min(changed, row[k+1]+1, next[k]+1)
			if i > 0 && k > 0 && a[i] == b[k-1] && a[i-1] == b[k] {
				next[k+1] = min(next[k+1], before[k-1]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
