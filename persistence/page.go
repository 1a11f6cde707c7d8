package persistence

import (
	"context"
	"slices"

	"verbatim/protocol"
)

// PageRequest asks for a page of entries: with After the ones after it, else the newest ones; below Before where it
// is set. MaxBytes bounds the entries' JSON together.
type PageRequest struct {
	After, Before protocol.Number
	Limit         int
	MaxBytes      int
}

// Page is entries in ascending order.
type Page struct {
	Tail     Tail   // of the conversation; Log is "" where it does not exist
	Messages []byte // the entries' JSON, joined by commas
	More     bool   // there is more in the direction asked for
}

const (
	// pageChunk is how many entries are read at a time, newest first: a page of long texts is full after a few, and then
	// no thousand of them is read for it.
	pageChunk = 64
	// pageBlock is how many bytes are read at a time.
	pageBlock = 64 << 10
	// wholeChunk is more than pageChunk entries of any size have together.
	wholeChunk = pageChunk * protocol.MaxServerFrame
)

// Page reads a page. A *protocol.Error is for the client. It waits for the disk and, within a time limit, for Redis.
func (s *Store) Page(ctx context.Context, id protocol.ConversationID, r PageRequest) (Page, error) {
	tail, err := s.record.Tail(id)
	if err != nil {
		return Page{}, err
	}
	page := Page{Tail: tail}
	after := protocol.Seq(r.After.Value)
	if after > tail.Last {
		return page, protocol.BeyondLast("after", after, tail.Last)
	}
	to := tail.Last
	if r.Before.Set {
		if r.Before.Value == 0 {
			return page, nil
		}
		to = min(to, protocol.Seq(r.Before.Value)-1)
	}
	var entries [][]byte
	if r.After.Set {
		entries, err = s.ascending(ctx, id, tail.Log, after+1, to, r)
		page.More = after+protocol.Seq(len(entries)) < to
	} else {
		entries, err = s.descending(ctx, id, tail.Log, to, r)
		page.More = protocol.Seq(len(entries)) < to
	}
	page.Messages = joinEntries(entries)
	return page, err
}

func (s *Store) ascending(ctx context.Context, id protocol.ConversationID, log protocol.LogID, from, to protocol.Seq, r PageRequest) ([][]byte, error) {
	var entries [][]byte
	size := 0
	for from <= to && len(entries) < r.Limit {
		chunk, err := s.Read(ctx, id, log, from, min(to, from+protocol.Seq(r.Limit-len(entries))-1), pageBlock)
		if err != nil {
			return nil, err
		}
		for ; from <= chunk.Last(); from++ {
			wire := chunk.Wire(from)
			if size += len(wire) + 1; size > r.MaxBytes && len(entries) > 0 {
				return entries, nil
			}
			entries = append(entries, wire)
		}
	}
	return entries, nil
}

// descending reads backwards, so that a page that is full in bytes leaves out the older entries.
func (s *Store) descending(ctx context.Context, id protocol.ConversationID, log protocol.LogID, to protocol.Seq, r PageRequest) ([][]byte, error) {
	var entries [][]byte // newest first until the end
	size := 0
	for to >= 1 && len(entries) < r.Limit {
		n := min(protocol.Seq(min(pageChunk, r.Limit-len(entries))), to)
		chunk, err := s.ascending(ctx, id, log, to-n+1, to, PageRequest{Limit: int(n), MaxBytes: wholeChunk})
		if err != nil {
			return nil, err
		}
		for _, wire := range slices.Backward(chunk) {
			if size += len(wire) + 1; size > r.MaxBytes && len(entries) > 0 {
				slices.Reverse(entries)
				return entries, nil
			}
			entries = append(entries, wire)
		}
		to -= n
	}
	slices.Reverse(entries)
	return entries, nil
}

func joinEntries(entries [][]byte) []byte {
	size := 0
	for _, e := range entries {
		size += len(e) + 1
	}
	joined := make([]byte, 0, size)
	for i, e := range entries {
		if i > 0 {
			joined = append(joined, ',')
		}
		joined = append(joined, e...)
	}
	return joined
}
