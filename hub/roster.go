package hub

import (
	"slices"

	"verbatim/protocol"
)

// roster is the encoded list of who is present. It is kept until it is wrong: a crowd that grows keeps the list it has,
// since any of its users may be in it.
type roster struct {
	names []protocol.UserID // sorted by bytes; nil: it must be made
	json  []byte
	ends  []int // where each name ends in json, its closing quote included
}

// changed notes that a user joined or left.
func (r *roster) changed(name protocol.UserID, event string, crowd bool) {
	if crowd && r.names != nil {
		if _, listed := slices.BinarySearch(r.names, name); !listed || event == eventJoined {
			return
		}
	}
	r.names = nil
}

// list returns the JSON list of the users, at most maxNames of them. In a crowd they are any of them, self among them;
// "": none must be.
func (r *roster) list(users map[protocol.UserID]*user, maxNames int, self protocol.UserID) []byte {
	if r.names == nil {
		r.make(users, maxNames)
	}
	if self == "" || len(r.names) == 0 {
		return r.json
	}
	i, listed := slices.BinarySearch(r.names, self)
	if listed {
		return r.json
	}
	return r.with(self, i)
}

func (r *roster) make(users map[protocol.UserID]*user, maxNames int) {
	names := make([]protocol.UserID, 0, min(len(users), maxNames))
	for name := range users {
		if len(names) == cap(names) {
			break
		}
		names = append(names, name)
	}
	slices.Sort(names)

	r.names = names
	r.ends = make([]int, len(names))
	json := []byte{'['}
	for i, name := range names {
		if i > 0 {
			json = append(json, ',')
		}
		json = protocol.AppendName(json, name)
		r.ends[i] = len(json)
	}
	r.json = append(json, ']')
}

// with returns the list with one more name, at place i, and without its last one, so that it does not grow.
func (r *roster) with(name protocol.UserID, i int) []byte {
	upTo := func(n int) int { // where the first n names end
		if n == 0 {
			return 1
		}
		return r.ends[n-1]
	}
	kept := len(r.names) - 1
	i = min(i, kept) // a name that would come after the last one takes its place
	before := r.json[:upTo(i)]
	after := r.json[upTo(i):upTo(kept)]

	out := append(make([]byte, 0, len(r.json)+len(name)+8), before...)
	if len(before) > 1 {
		out = append(out, ',')
	}
	out = protocol.AppendName(out, name)
	if len(after) > 0 && after[0] != ',' {
		out = append(out, ',')
	}
	return append(append(out, after...), ']')
}
