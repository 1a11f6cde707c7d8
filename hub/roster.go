package hub

import (
	"slices"

	"verbatim/protocol"
)

// roster is the encoded list of who is present, kept until it is wrong: a crowd that grows keeps the list it has, since
// any of its users may stand there.
type roster struct {
	names []protocol.UserID // sorted by bytes; nil: to be made anew
	json  []byte
	ends  []int // where each name ends in json, its closing quote included
}

// changed notes that a user came or went.
func (r *roster) changed(name protocol.UserID, event string, crowd bool) {
	if crowd && r.names != nil {
		if _, listed := slices.BinarySearch(r.names, name); !listed || event == "joined" {
			return
		}
	}
	r.names = nil
}

// onlineJSON is the list of users, at most Options.Names of them; in a crowd, whichever came to hand, m's own user among
// them (nil: nobody's).
func (c *Conversation) onlineJSON(m *Member) []byte {
	r := &c.online
	if r.names == nil {
		r.make(c.users, c.loop.hub.names)
	}
	if m == nil || m.Kind != Reading {
		return r.json
	}
	i, listed := slices.BinarySearch(r.names, m.User)
	if listed || len(r.names) == 0 {
		return r.json
	}
	return r.with(m.User, i)
}

func (r *roster) make(users map[protocol.UserID]*user, most int) {
	names := make([]protocol.UserID, 0, min(len(users), most))
	for name := range users {
		if len(names) == cap(names) {
			break
		}
		names = append(names, name)
	}
	slices.Sort(names)
	r.names, r.ends = names, make([]int, len(names))
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

// with gives the list with one more name at place i, and another one less so that it does not grow.
func (r *roster) with(name protocol.UserID, i int) []byte {
	upTo := func(n int) int { // where the first n names end
		if n == 0 {
			return 1
		}
		return r.ends[n-1]
	}
	kept := len(r.names) - 1
	i = min(i, kept) // who would come behind the last one takes its place
	before, behind := r.json[:upTo(i)], r.json[upTo(i):upTo(kept)]
	out := append(make([]byte, 0, len(r.json)+len(name)+8), before...)
	if len(before) > 1 {
		out = append(out, ',')
	}
	out = protocol.AppendName(out, name)
	if len(behind) > 0 && behind[0] != ',' {
		out = append(out, ',')
	}
	return append(append(out, behind...), ']')
}
