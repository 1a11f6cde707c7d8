package promises

import (
	"encoding/json"
	"fmt"

	"verbatim/protocol"
)

// wire is what the checker reads of an entry. It reads by itself, so that a server's and its own mistake are not the same.
type wire struct {
	Type string             `json:"type"`
	Seq  protocol.Seq       `json:"seq"`
	ID   protocol.MessageID `json:"id"`
	From protocol.UserID    `json:"from"`
	Time string             `json:"time"`
	Text string             `json:"text"`
}

func parse(raw string) (wire, error) {
	var w wire
	if err := json.Unmarshal([]byte(raw), &w); err != nil {
		return w, err
	}
	if w.Type != "message" || w.Seq == 0 || w.From == "" || w.Time == "" {
		return w, fmt.Errorf("it is no message with seq, from and time")
	}
	return w, nil
}

// entry holds an entry, wherever it was found, to what was sent. It gives the message; nil: nobody sent that.
func (c *Checker) entry(v *conversation, w wire, raw, where string) *message {
	if p := v.places[w.Seq]; p != nil && p.raw == raw {
		return p.message // as everybody saw it
	}
	sent := v.messages[key{w.From, w.ID}]
	if sent == nil {
		c.breach(2, "%s: %s has at seq %d what nobody sent: %.300s", v.id, where, w.Seq, raw)
		return nil
	}
	if sent.text != w.Text {
		c.breach(1, "%s: %s has at seq %d the text %.100q of %s/%s, sent was %.100q", v.id, where, w.Seq, w.Text, w.From, w.ID, sent.text)
	}
	c.put(v, sent, w.Seq, w.Time, raw, where)
	return sent
}
