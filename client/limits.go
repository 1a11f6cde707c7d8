package client

import (
	"math"
	"time"

	"verbatim/protocol"
)

// Limits are the server's, as its welcome states them; see docs/protocol.
type Limits struct {
	Frame, Text, Meta       int // bytes
	Page                    int // entries
	Joins                   int // of one session
	Names                   int // users that presence lists by name
	Rate                    int // sends a second of one session; 0: no limit
	IDs, WriteTimeout, Ping time.Duration
}

// wireLimits are Limits as the welcome has them. Times are in seconds.
type wireLimits struct {
	Frame        int `json:"frame"`
	Text         int `json:"text"`
	Meta         int `json:"meta"`
	Page         int `json:"page"`
	Joins        int `json:"joins"`
	Names        int `json:"names"`
	Rate         int `json:"rate"`
	IDs          int `json:"ids"`
	WriteTimeout int `json:"write_timeout"`
	Ping         int `json:"ping"`
}

func (w *wireLimits) limits() Limits {
	seconds := func(n int) time.Duration { return time.Duration(min(n, math.MaxInt32)) * time.Second }
	return Limits{
		Frame: w.Frame, Text: w.Text, Meta: w.Meta, Page: w.Page, Joins: w.Joins, Names: w.Names, Rate: w.Rate,
		IDs: seconds(w.IDs), WriteTimeout: seconds(w.WriteTimeout), Ping: seconds(w.Ping),
	}
}

// defaultLimits apply until the first welcome.
func defaultLimits() Limits {
	d := protocol.DefaultLimits()
	return Limits{
		Frame: d.Frame, Text: d.Text, Meta: d.Meta, Page: d.Page, Joins: d.Joins, Names: d.Names, Rate: d.Rate,
		IDs: d.IDs, WriteTimeout: d.WriteTimeout, Ping: d.Ping,
	}
}
