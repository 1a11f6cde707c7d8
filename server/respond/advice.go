package respond

import "verbatim/protocol"

// What an operator can do about common problems, as the log says it.
const (
	// FixClient is for requests that the contract does not allow.
	FixClient = "mend the program at that address: docs/protocol has what it may send"
	// CheckDisk is for a record that does not answer as it must.
	CheckDisk = "the error says what is wrong; verbatim verify names what is damaged, " +
		"and docs/operating/data-directory.md has what to do when the disk fails"
	// SlowNetwork is for a client that takes no data.
	SlowNetwork = "nothing, if it was a bad network or a program that was stopped; else raise --write-timeout"
)

// usual are errors that correct programs meet: they tell of the state of the record.
var usual = map[protocol.Code]bool{
	protocol.CodeNotFound: true, protocol.CodeConflict: true, protocol.CodeOutOfOrder: true, protocol.CodeReset: true,
}

// Usual reports whether correct programs meet errors of a code, so that the log need not tell of them.
func Usual(code protocol.Code) bool { return usual[code] }

// Advice returns what an operator can do about a refusal, or "".
func Advice(err *protocol.Error) string {
	if err.Code == protocol.CodeRateLimited && err.RetryAfter == 0 { // a limit that does not change with time
		return "let that program keep to the limits of welcome: docs/protocol has them"
	}
	return advice[err.Code]
}

var advice = map[protocol.Code]string{
	protocol.CodeBadRequest:          FixClient,
	protocol.CodeUnknownType:         FixClient,
	protocol.CodeInvalidConversation: FixClient,
	protocol.CodeNotJoined:           FixClient,
	protocol.CodeTooLarge: "let that program send less; a higher --max-frame or --max-text " +
		"allows longer frames and texts",
	protocol.CodeUnauthorized: "let that program send its token, and a new one before that is over: " +
		"docs/protocol/identity.md",
	protocol.CodeForbidden: "verbatim permissions says what that user may do, and which rule says so; " +
		"a token's own grants count too: docs/operating/permissions.md",
	protocol.CodeRateLimited: "let that program wait as it is told, or start the server with a higher --send-rate; " +
		"if a proxy is at that address, tell the server so: docs/operating/reverse-proxy.md",
	protocol.CodeUnavailable: "look at the lines before this one, and at /readyz",
}
