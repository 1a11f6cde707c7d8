package client

import "sync/atomic"

// Stats are a client's counters since it was made.
type Stats struct {
	Entries     uint64 // entries delivered to Handler.Entry
	Unknown     uint64 // entries of a type that this client does not know; it skips them
	Reconnects  uint64 // welcomes after the first
	Disconnects uint64 // connections that ended or could not be made
	Retried     uint64 // sends that the server answered with unavailable or rate_limited; they were sent again
	Violations  uint64 // breaches of the contract by the server
}

type stats struct{ entries, unknown, reconnects, disconnects, retried, violations atomic.Uint64 }

func (s *stats) snapshot() Stats {
	return Stats{
		Entries: s.entries.Load(), Unknown: s.unknown.Load(), Reconnects: s.reconnects.Load(),
		Disconnects: s.disconnects.Load(), Retried: s.retried.Load(), Violations: s.violations.Load(),
	}
}
