package client

import (
	"time"

	"verbatim/protocol"
)

// maxUnconfirmed bounds the read marks that may still be refused: the server does not answer a mark that it accepts.
const maxUnconfirmed = 16

// readMarks is how far the user has read: by the caller, and as accepted by the server. Guarded by Client.mu.
type readMarks struct {
	newest      protocol.Seq // the caller's; 0: none
	due         bool         // newest is to be written
	confirmed   protocol.Seq // the server's own, or the newest that it can no longer refuse
	unconfirmed []sentMark   // what was written since
}

type sentMark struct {
	ref uint64
	seq protocol.Seq
}

// move sets the caller's mark, and reports whether it is beyond the previous one.
func (m *readMarks) move(seq protocol.Seq) bool {
	if seq <= m.newest {
		return false
	}
	m.newest, m.due = seq, true
	return true
}

// joined takes the server's mark from the reply to a join. If the caller's is beyond it, it is written again.
func (m *readMarks) joined(read protocol.Seq) {
	m.confirmed, m.unconfirmed = read, nil
	m.newest = max(m.newest, read)
	m.due = m.newest > read
}

// wrote notes that the newest mark was written as request ref.
func (m *readMarks) wrote(ref uint64) {
	m.due = false
	m.unconfirmed = append(m.unconfirmed, sentMark{ref, m.newest})
	if len(m.unconfirmed) > maxUnconfirmed {
		m.confirmed, m.unconfirmed = m.unconfirmed[0].seq, m.unconfirmed[1:]
	}
}

// refused takes back the mark that was written as request ref, and reports whether there was one. Earlier marks hold.
func (m *readMarks) refused(ref uint64) bool {
	for i, mark := range m.unconfirmed {
		if mark.ref != ref {
			continue
		}
		m.unconfirmed = append(m.unconfirmed[:i:i], m.unconfirmed[i+1:]...)
		if m.newest == mark.seq {
			m.newest = m.confirmed
			if n := len(m.unconfirmed); n > 0 {
				m.newest = m.unconfirmed[n-1].seq
			}
		}
		return true
	}
	return false
}

// typingInterval is the minimum time between two typing requests. The server passes on no more.
const typingInterval = 3 * time.Second

// typing is what others are told of a user who types. Guarded by Client.mu.
type typing struct {
	due  bool
	sent time.Time // the last one
}
