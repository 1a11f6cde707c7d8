package session

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"verbatim/identity"
)

// refusing makes the test server's credentials of one user refused from the moment when the result is set.
func refusing(r *testServer, user string, no *identity.Refusal) *atomic.Bool {
	var from atomic.Bool
	r.env.Refuses = func(c Credential) *identity.Refusal {
		if from.Load() && string(c.User) == user {
			return no
		}
		return nil
	}
	return &from
}

func TestACredentialThatIsTakenBackEndsItsSessionsOnly(t *testing.T) {
	for code, blocked := range map[websocket.StatusCode]bool{4001: false, 4003: true} {
		synctest.Test(t, func(t *testing.T) {
			r, _ := openWithTokens(t)
			from := refusing(r, "ann", &identity.Refusal{
				Public: identity.TokenRefused, Rule: "a rule", Blocked: blocked,
			})
			ann, bob := r.dial("ann", "&life=1h&join=lobby"), r.dial("bob", "&life=1h&join=lobby")
			ann.expect("joined")
			bob.expect("joined")
			r.env.Recheck() // nothing has changed
			ann.say(`{"type":"ping"}`)
			ann.expect("pong")

			from.Store(true)
			began := time.Now()
			r.env.Recheck()
			ann.hears(time.Hour)
			if took := time.Since(began); took >= time.Second {
				t.Errorf("closed after %v", took)
			}
			ann.isClosedFor(code, "token refused")
			bob.say(`{"type":"ping"}`)
			bob.expect("pong")
		})
	}
}

// TestACredentialThatIsTakenBackWhileItIsVerifiedLetsNobodyStay: the change came after Verify, and Recheck was called
// before the session was among those that it looks at.
func TestACredentialThatIsTakenBackWhileItIsVerifiedLetsNobodyStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := openWithTokens(t)
		refusing(r, "ann", identity.Refuse("a rule")).Store(true)
		r.env.Recheck()
		ann := r.dial("ann", "&life=1h")
		ann.hears(time.Hour)
		ann.isClosedFor(4001, "token refused")
	})
}
