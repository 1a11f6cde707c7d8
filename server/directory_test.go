package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"verbatim/control"
	"verbatim/directory"
	"verbatim/permissions"
	"verbatim/protocol"
)

// command has the running server do a command, as the command line does.
func (ts *testServer) command(r control.Request) control.Answer {
	ts.t.Helper()
	a, err := control.Run(context.Background(), ts.cfg.DataDir, r)
	if err != nil {
		ts.t.Fatal(err)
	}
	return a
}

// open connects with a credential, and has read the welcome.
func (ts *testServer) openWith(credential string) *websocket.Conn {
	ts.t.Helper()
	ws, _, err := websocket.Dial(ts.t.Context(), ts.url+"/ws", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + credential}},
	})
	if err != nil {
		ts.t.Fatal(err)
	}
	ts.t.Cleanup(func() { _ = ws.CloseNow() })
	if _, frame, err := ws.Read(ts.t.Context()); err != nil || !strings.Contains(string(frame), `"welcome"`) {
		ts.t.Fatalf("got %s, %v", frame, err)
	}
	return ws
}

// closes returns how the server closes a connection.
func closes(t *testing.T, ws *websocket.Conn) (websocket.StatusCode, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		if _, _, err := ws.Read(ctx); err != nil {
			var closed websocket.CloseError
			if !errors.As(err, &closed) {
				t.Fatalf("it ended by %v", err)
			}
			return closed.Code, closed.Reason
		}
	}
}

func TestWhatIsTakenBackEndsSessionsAndLetsNobodyIn(t *testing.T) {
	t.Parallel()
	ts, makes := withTokens(t)
	key := ts.command(control.Request{Do: control.KeysAdd, Key: "ci", Grants: directory.Grants{Read: []string{"*"}}})
	for what, row := range map[string]struct {
		user     protocol.UserID
		takeBack control.Request
		code     websocket.StatusCode
	}{
		"a blocked user": {"ann", control.Request{Do: control.UsersBlock, User: "ann"}, 4003},
		"a user whose tokens are revoked": {
			"bob", control.Request{Do: control.UsersRevoke, User: "bob"}, 4001,
		},
		"a revoked token": {"dan", control.Request{Do: control.TokenRevoke, TokenID: "id of dan"}, 4001},
		"a revoked key":   {"", control.Request{Do: control.KeysRevoke, Key: "ci"}, 4001},
	} {
		credential := key.Secret
		if row.user != "" {
			credential = makes(string(row.user), time.Hour)
		}
		if row.takeBack.Do == control.TokenRevoke {
			credential = ts.tokenWithID(string(row.user), row.takeBack.TokenID)
		}
		ws, other := ts.openWith(credential), ts.openWith(makes("eve", time.Hour))
		events := ts.eventsWith(credential)
		ts.command(row.takeBack)
		if code, reason := closes(t, ws); code != row.code || reason != "token refused" {
			t.Errorf("%s: closed with %d %q, want %d", what, code, reason, row.code)
		}
		if _, err := io.Copy(io.Discard, events); err != nil {
			t.Errorf("%s: the stream of events ended by %v", what, err)
		}
		if welcome, closed := ts.enter("", "Bearer "+credential); welcome != "" || closed.Code != row.code {
			t.Errorf("%s: let in again: %s, %v", what, welcome, closed)
		}
		if strings.Contains(ts.log.String(), credential) {
			t.Errorf("%s: the credential is in the log", what)
		}
		if err := other.Ping(other.CloseRead(t.Context())); err != nil {
			t.Errorf("%s: another user's session: %v", what, err)
		}
	}
	ts.command(control.Request{Do: control.UsersUnblock, User: "ann"})
	ts.openWith(makes("ann", time.Hour))
}

func TestAnAPIKeyLetsItsUserIn(t *testing.T) {
	t.Parallel()
	ts, _ := withTokens(t)
	key := ts.command(control.Request{
		Do: control.KeysAdd, Key: "ci", Grants: directory.Grants{Read: []string{"*"}},
	})
	welcome, closed := ts.enter("", "Bearer "+key.Secret)
	if !strings.Contains(welcome, `"user":"key:ci"`) {
		t.Errorf("got %s, %v", welcome, closed)
	}
	for _, wrong := range []string{"vb_", "vb_aaaaaaaaaaaaaaaaaaaaaaaaaa", key.Secret + "x"} {
		if welcome, closed := ts.enter("", "Bearer "+wrong); welcome != "" || closed.Code != 4001 {
			t.Errorf("%s lets in: %s, %v", wrong, welcome, closed)
		}
	}
	ts.stop()
	a := ts.command(control.Request{Do: control.KeysList}) // on the files
	if len(a.Keys) != 1 || a.Keys[0].Used.IsZero() {
		t.Errorf("keys: %+v, want one that was used", a.Keys)
	}
	for _, name := range []string{"server.db", "server.id"} {
		content, err := os.ReadFile(filepath.Join(ts.cfg.DataDir, name))
		if err != nil || strings.Contains(string(content), key.Secret) {
			t.Errorf("%s: %v, or it has the key", name, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(ts.cfg.DataDir, "control")); err == nil {
		t.Error("the socket was left")
	}
}

// tokenWithID makes a token that has an id (jti).
func (ts *testServer) tokenWithID(user, id string) string {
	ts.t.Helper()
	secret, err := os.ReadFile(ts.cfg.TokenSecret)
	if err != nil {
		ts.t.Fatal(err)
	}
	made, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": user, "jti": id, "exp": time.Now().Add(time.Hour).Unix(),
		"verbatim": map[string]any{"read": []string{"*"}},
	}).SignedString(bytes.TrimSpace(secret))
	if err != nil {
		ts.t.Fatal(err)
	}
	return made
}

// eventsWith asks for a stream of events with a credential.
func (ts *testServer) eventsWith(credential string) io.Reader {
	ts.t.Helper()
	r, err := http.NewRequestWithContext(ts.t.Context(), http.MethodGet, ts.url+"/api/conversations/lobby/messages", nil)
	if err != nil {
		ts.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+credential)
	r.Header.Set("Accept", "text/event-stream")
	answer, err := ts.client.Do(r)
	if err != nil {
		ts.t.Fatal(err)
	}
	ts.t.Cleanup(func() { answer.Body.Close() })
	if answer.StatusCode != http.StatusOK {
		ts.t.Fatalf("the stream of events: %s", answer.Status)
	}
	return answer.Body
}

func TestThePolicyKnowsTheMembersOfPrivateConversations(t *testing.T) {
	ts, _ := withTokens(t)
	var members permissions.Members = ts.people
	made := directory.Conversation{ID: "hr", Kind: directory.Private}
	people := []protocol.UserID{"ann", "bob"}
	if err := ts.people.directory.CreateConversation(t.Context(), directory.By{Actor: "ann"}, made, people); err != nil {
		t.Fatal(err)
	}
	direct, err := ts.people.directory.OpenDirect(t.Context(), directory.By{Actor: "ann"}, people)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		id      protocol.ConversationID
		user    protocol.UserID
		want    permissions.Standing
		private bool
	}{
		{"hr", "ann", permissions.Moderator, true}, {"hr", "bob", permissions.Member, true},
		{"hr", "eve", permissions.Outsider, true}, {"lobby", "ann", permissions.Outsider, false},
		{direct, "ann", permissions.Member, true}, {direct, "eve", permissions.Outsider, true},
	} {
		if got, private := members.Standing(row.id, row.user); got != row.want || private != row.private {
			t.Errorf("%s in %s: %v, %v; want %v, %v", row.user, row.id, got, private, row.want, row.private)
		}
	}
	if n := testing.AllocsPerRun(100, func() { members.Standing("hr", "ann") }); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}
