package transcript

import (
	"fmt"
	"strconv"
	"strings"

	"verbatim/protocol"
)

// Receipt is what an ack said: the entry Seq has the sum Sum. It holds for everything before the entry too.
type Receipt struct {
	ID  protocol.ConversationID
	Seq protocol.Seq
	Sum protocol.Sum
}

// String returns ID:SEQ:SUM.
func (r Receipt) String() string { return fmt.Sprintf("%s:%d:%s", r.ID, r.Seq, r.Sum) }

// ParseReceipt reads ID:SEQ:SUM.
func ParseReceipt(text string) (Receipt, error) {
	bad := func(what string) (Receipt, error) {
		return Receipt{}, fmt.Errorf("receipt: %q: %s: it is ID:SEQ:SUM, as an ack gives them", text, what)
	}
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return bad("it does not have three parts")
	}
	r := Receipt{ID: protocol.ConversationID(parts[0])}
	if !r.ID.Valid() {
		return bad("the first part names no conversation")
	}
	seq, err := strconv.ParseUint(parts[1], 10, 53)
	if err != nil || seq == 0 {
		return bad("the second part is no seq")
	}
	r.Seq = protocol.Seq(seq)
	var ok bool
	if r.Sum, ok = protocol.ParseSum(parts[2]); !ok {
		return bad("the third part is not 32 hex digits")
	}
	return r, nil
}
