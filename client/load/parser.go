package load

import (
	"bytes"
	"strconv"

	"verbatim/protocol"
)

// parser reads a message's id: whose it is, its number, and when it was due. In an entry the id comes right after the
// seq, so that nothing need be searched for.
type parser struct {
	seqAt  int    // where the seq begins in an entry of the conversation
	prefix []byte // what an entry of this run has between its seq and the publisher's number
}

func newParser(run string, id protocol.ConversationID) parser {
	return parser{
		seqAt:  len(`{"type":"message","conversation":"`) + len(id) + len(`","seq":`),
		prefix: []byte(`,"id":"` + run + "-"),
	}
}

// entry parses the id in an entry, which is of one of so many publishers. ok is false for an entry that is not of this
// run.
func (p *parser) entry(entry []byte, publishers int) (publisher int, number uint32, due int64, ok bool) {
	i := p.seqAt
	for i < len(entry) && '0' <= entry[i] && entry[i] <= '9' {
		i++
	}
	if i >= len(entry) || !bytes.HasPrefix(entry[i:], p.prefix) {
		return 0, 0, 0, false
	}
	return parseID(entry[i+len(p.prefix):], publishers)
}

// parseID parses what follows the run in a message's id; see appendID.
func parseID(rest []byte, publishers int) (publisher int, number uint32, due int64, ok bool) {
	p, rest := digits(rest)
	n, rest := digits(rest)
	d, _ := digits(rest)
	return int(p), uint32(n), d, p >= 0 && p < int64(publishers) && n > 0
}

// digits parses a number and skips the byte after it.
func digits(b []byte) (n int64, rest []byte) {
	for i, c := range b {
		if c < '0' || c > '9' {
			return n, b[i+1:]
		}
		n = n*10 + int64(c-'0')
	}
	return n, nil
}

// appendID appends the id of a publisher's message: run-publisher-number-due.
func appendID(dst []byte, run string, publisher int, number uint32, due int64) []byte {
	dst = append(append(dst, run...), '-')
	dst = strconv.AppendInt(dst, int64(publisher), 10)
	dst = strconv.AppendUint(append(dst, '-'), uint64(number), 10)
	return strconv.AppendInt(append(dst, '-'), due, 10)
}
