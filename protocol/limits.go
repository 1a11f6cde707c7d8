package protocol

import (
	"strconv"
	"time"
)

// What the contract fixes, in bytes or entries.
const (
	maxName = 64 // bytes of a name
	maxID   = 64 // bytes of an id, a prev, a ref

	// DefaultPage is how many entries a join or a page gives where `limit` is absent.
	DefaultPage = 50
	// MaxPage is the greatest `limit`.
	MaxPage = 1000
	// MaxServerFrame is the most bytes that any frame of the server has.
	MaxServerFrame = 512 << 10
)

// Limits is what `welcome` tells a client. Sizes are bytes.
type Limits struct {
	Frame        int           // a client's frame
	Text         int           // a message's text, after JSON decoding
	Meta         int           // a message's meta, as it was sent
	Page         int           // a page of history
	Joins        int           // conversations that one session may join
	Names        int           // users in a list; above it a conversation is a crowd
	Rate         int           // sends a second; 0: no limit
	IDs          time.Duration // how long an id makes a send idempotent, at least
	WriteTimeout time.Duration // how long a socket may take nothing
	Ping         time.Duration // of silence before the server pings, and again before it closes
	TokenGrace   time.Duration // from a token's end to the close; 0: there are no tokens
}

// DefaultLimits are the contract's own figures.
func DefaultLimits() Limits {
	return Limits{
		Frame: 131072, Text: 16384, Meta: 4096, Page: 256 << 10, Joins: 1000, Names: 200, Rate: 50,
		IDs: 600 * time.Second, WriteTimeout: 30 * time.Second, Ping: 30 * time.Second,
	}
}

func (l *Limits) appendJSON(dst []byte) []byte {
	field := func(name string, n int) {
		dst = append(dst, name...)
		dst = strconv.AppendInt(dst, int64(n), 10)
	}
	field(`{"frame":`, l.Frame)
	field(`,"text":`, l.Text)
	field(`,"meta":`, l.Meta)
	field(`,"page":`, l.Page)
	field(`,"joins":`, l.Joins)
	field(`,"names":`, l.Names)
	field(`,"rate":`, l.Rate)
	field(`,"ids":`, seconds(l.IDs))
	field(`,"write_timeout":`, seconds(l.WriteTimeout))
	field(`,"ping":`, seconds(l.Ping))
	if l.TokenGrace > 0 {
		field(`,"token_grace":`, seconds(l.TokenGrace))
	}
	return append(dst, '}')
}

// seconds rounds up, so that a limit below a second is not told as none.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
