//gate:story a real server, to which what no answer could be matched to is not sent

package client

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"verbatim/protocol"
)

// What the server refuses without being able to say what it refuses would wait for its answer for ever, and stand
// before all that comes after it.
func TestWhatNoAnswerCouldBeMatchedToFailsAtOnceAndThoseBehindItGoOn(t *testing.T) {
	t.Parallel()
	s := newReal(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := Dial(ctx, Options{URL: s.address, Name: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for room, one := range map[protocol.ConversationID]struct {
		id   protocol.MessageID
		meta jsontext.Value
		want protocol.Code
	}{
		"id-u0000":   {id: "order-\x00", want: protocol.CodeBadRequest},
		"id-no-utf8": {id: "order-\xff", want: protocol.CodeBadRequest},
		"id-long":    {id: protocol.MessageID(strings.Repeat("i", 65)), want: protocol.CodeTooLarge},
		"meta-large": {meta: jsontext.Value(`{"a":"` + strings.Repeat("x", 5000) + `"}`), want: protocol.CodeTooLarge},
		"meta-blank": {meta: jsontext.Value(`{` + strings.Repeat(" ", 5000) + `}`), want: protocol.CodeTooLarge},
		// It is JSON, and the frame with it is nested one level too deep.
		"meta-deep":   {meta: nested(9_999), want: protocol.CodeTooLarge},
		"meta-deeper": {meta: nested(20_000), want: protocol.CodeTooLarge},
	} {
		var refused *protocol.Error
		_, err := c.TrySend(Message{Conversation: room, Text: "bad", ID: one.id, Meta: one.meta})
		if !errors.As(err, &refused) || refused.Code != one.want {
			t.Errorf("%s: got %v, want %s at once", room, err, one.want)
		}
		if ack, err := c.SendWait(ctx, Message{Conversation: room, Text: "good"}); err != nil || ack.Seq != 1 {
			t.Errorf("%s: what followed got %+v, %v", room, ack, err)
		}
	}
	if left, err := c.Drain(ctx); left != 0 || err != nil {
		t.Errorf("%d left: %v", left, err)
	}
}

// nested is an object with so many arrays in one another.
func nested(depth int) jsontext.Value {
	return jsontext.Value(`{"a":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}`)
}
