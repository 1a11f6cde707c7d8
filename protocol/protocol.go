// Package protocol is the words of the wire: the identifiers, the requests a client may make, the
// replies it gets, the entries that stand on the record, and the limits of all of them.
//
// It promises that what Decode accepts satisfies docs/protocol/values.md, and that an entry has one
// encoding: the bytes made here are the bytes in the transcript, in Redis and on every socket.
//
// # Life of a conversation
//
// A conversation is a log of entries numbered 1, 2, 3, … Its first entry makes the log and gives it a random
// LogID; a seq means something only together with that log. A session that joins is a cursor on the log.
//
// # Concurrency
//
// Nothing here does I/O or keeps state: every function may be called from any goroutine, and every value is
// its caller's own.
package protocol

// Subprotocol is the WebSocket subprotocol that is answered when a client asks for it.
const Subprotocol = "verbatim.v1"
