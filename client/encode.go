package client

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"verbatim/protocol"
)

// appendRequest begins a request of a type about a conversation. The caller closes the object.
func appendRequest(dst []byte, kind string, id protocol.ConversationID) []byte {
	dst = append(append(append(dst, `{"type":"`...), kind...), `","conversation":"`...)
	return append(append(dst, id...), '"') // a valid id needs no escape
}

// appendNumber adds a field with a number.
func appendNumber(dst []byte, name string, n uint64) []byte {
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	return strconv.AppendUint(dst, n, 10)
}

// appendText adds a field with a string, which is valid UTF-8.
func appendText(dst []byte, name, text string) []byte {
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	dst, _ = jsontext.AppendQuote(dst, text) // it refuses invalid UTF-8 only
	return dst
}

// appendRef adds a request's number, by which its reply is found, and closes the object.
func appendRef(dst []byte, ref uint64) []byte {
	dst = strconv.AppendUint(append(dst, `,"ref":"`...), ref, 10)
	return append(dst, `"}`...)
}

// isRef reports whether a reply's ref is that of the request with this number. 0 numbers no request.
func isRef(text string, ref uint64) bool {
	return ref != 0 && text == strconv.FormatUint(ref, 10)
}
