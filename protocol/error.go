package protocol

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Code is an error's word for the machine.
type Code string

// The codes of the contract. CodeNotFound is HTTP's alone.
const (
	CodeBadRequest          Code = "bad_request"
	CodeUnknownType         Code = "unknown_type"
	CodeInvalidConversation Code = "invalid_conversation"
	CodeNotJoined           Code = "not_joined"
	CodeTooLarge            Code = "too_large"
	CodeRateLimited         Code = "rate_limited"
	CodeUnauthorized        Code = "unauthorized"
	CodeForbidden           Code = "forbidden"
	CodeReset               Code = "reset"
	CodeConflict            Code = "conflict"
	CodeOutOfOrder          Code = "out_of_order"
	CodeUnavailable         Code = "unavailable"
	CodeNotFound            Code = "not_found"
)

// Codes are all of them.
var Codes = []Code{
	CodeBadRequest, CodeUnknownType, CodeInvalidConversation, CodeNotJoined, CodeTooLarge, CodeRateLimited,
	CodeUnauthorized, CodeForbidden, CodeReset, CodeConflict, CodeOutOfOrder, CodeUnavailable, CodeNotFound,
}

// Error is the only kind of error that a client sees: a code for its program and a reason for a person.
type Error struct {
	Code       Code
	Reason     string
	RetryAfter time.Duration // 0: nothing to say
	secret     string        // a part of Reason; see WithoutInLog
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Reason }

// WithoutInLog keeps a part of the reason out of ReasonForLog: it quotes what may be a secret, such as a query's value.
func (e *Error) WithoutInLog(quoted string) *Error {
	e.secret = quoted
	return e
}

// ReasonForLog returns the reason as an operator may read it.
func (e *Error) ReasonForLog() string {
	if e.secret == "" {
		return e.Reason
	}
	return strings.ReplaceAll(e.Reason, e.secret, "...")
}

// Errorf makes an error with a reason that tells what to do.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Reason: fmt.Sprintf(format, args...)}
}

// BadRequest is a request that the contract does not allow.
func BadRequest(reason string) *Error { return &Error{Code: CodeBadRequest, Reason: reason} }

// TooLarge is a request of the right form and the wrong size.
func TooLarge(reason string) *Error { return &Error{Code: CodeTooLarge, Reason: reason} }

// Unavailable says that a send was not acknowledged and may be sent again with the same id.
func Unavailable(reason string, retryAfter time.Duration) *Error {
	return &Error{Code: CodeUnavailable, Reason: reason, RetryAfter: retryAfter}
}

// BeyondLast refuses a seq above the newest one, and says which that is.
func BeyondLast(field string, seq, last Seq) *Error {
	return Errorf(CodeBadRequest, "%s is %d, and the last seq of this conversation is %d", field, seq, last)
}

// Reset refuses what belongs to another record of the conversation: another log, or a log that has gone another way since an
// older copy of it was put back.
func Reset() *Error {
	return &Error{Code: CodeReset, Reason: "this conversation's record is another one now: start again, without after, log and known"}
}

// Forbidden refuses what the user has no permission for. Its reason is always the same, so that nobody learns from it
// whether a conversation exists.
func Forbidden() *Error {
	return &Error{Code: CodeForbidden, Reason: "you have no permission for this: ask who runs this server"}
}

// CloseCode is why the server closes a connection (RFC 6455, 7.4).
type CloseCode uint16

// The close codes of the contract.
const (
	CloseNormal      CloseCode = 1000
	CloseGoingAway   CloseCode = 1001
	CloseProtocol    CloseCode = 1002
	CloseUnsupported CloseCode = 1003
	CloseInvalidData CloseCode = 1007
	ClosePolicy      CloseCode = 1008
	CloseTooBig      CloseCode = 1009
	CloseTryAgain    CloseCode = 1013
	CloseToken       CloseCode = 4001
	CloseForbidden   CloseCode = 4003
)

// RetryReason makes the reason of 1001 and 1013, which ends with retry_after=SECONDS.
func RetryReason(why string, after time.Duration) string {
	return why + " retry_after=" + strconv.FormatFloat(after.Seconds(), 'f', 1, 64)
}
