package session

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"verbatim/hub"
	"verbatim/permissions"
	"verbatim/persistence"
	"verbatim/protocol"
)

// lastLook knows the members of the lobby. The next answer about ann is the last before she is one no longer: when she
// has got it, an entry is committed.
type lastLook struct {
	permissions.Members // nil: nothing else is asked
	env                 *Env
	armed               bool // set before the policy announces a change
	out                 bool // ann is no member
	err                 error
}

func (l *lastLook) Standing(_ protocol.ConversationID, user protocol.UserID) (permissions.Standing, bool) {
	switch {
	case user != "ann":
	case l.out:
		return permissions.Outsider, true
	case l.armed:
		l.out = true
		l.env.Policy.Announce()
		secret := &persistence.Send{Message: persistence.Message{
			Conversation: "lobby", Author: "bob", ID: "s", Text: `"secret"`,
		}}
		l.err = l.env.Store.SendWait(context.Background(), secret)
		time.Sleep(time.Second) // in the bubble: until it is published, and nobody has anything to do
	}
	return permissions.Member, true
}

// A writer that was about to look for entries when the permission was taken back must not find a newer one.
func TestNoEntryIsSentThatWasCommittedAfterTheChange(t *testing.T) {
	for name, messages := range map[string]string{"a reader": "true", "a follower": "false"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				members := &lastLook{}
				r := open(t, func(env *Env, _ *hub.Options) {
					members.env = env
					env.Policy = permissions.NewPolicy(members, false, nil)
				})
				ann, bob := r.dial("ann", "&life=1h"), r.dial("bob", "&life=1h")
				ann.say(`{"type":"join","conversation":"lobby","messages":` + messages + `}`)
				ann.expect("joined")
				synctest.Wait()

				members.armed = true
				r.env.Policy.Announce()
				bob.say(`{"type":"send","conversation":"lobby","id":"o","text":"one"}`)
				heard := ann.hears(10 * time.Second)
				if members.err != nil || !members.out {
					t.Fatalf("the change did not happen between: %v", members.err)
				}
				for _, said := range heard {
					if said.Text == "secret" || said.Type == "last" && said.Last > 1 {
						t.Errorf("committed after the change, and sent: %s", said.raw)
					}
				}
				if left := of("left", heard); len(left) != 1 || left[0].Code != string(protocol.CodeForbidden) {
					t.Errorf("got %s, want one left", raws(heard))
				}
			})
		})
	}
}
