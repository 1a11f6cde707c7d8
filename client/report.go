package client

import "fmt"

// These call the Handler, on Run's goroutine. mu is not held.

func (c *Client) reportRefusal(r Refusal) {
	if h := c.options.Handler.Refuse; h != nil {
		h(r)
	}
}

func (c *Client) reportReset(r Reset) {
	if h := c.options.Handler.Reset; h != nil {
		h(r)
	}
}

func (c *Client) reportLeft(l Left) {
	if h := c.options.Handler.Left; h != nil {
		h(l)
	}
}

func (c *Client) reportViolation(v Violation) {
	c.stats.violations.Add(1)
	if h := c.options.Handler.Violation; h != nil {
		h(v)
	}
}

// malformed reports a frame that cannot be decoded. It returns an error, which breaks the connection: what follows may
// be no better.
func (c *Client) malformed(frame []byte, cause error) error {
	v := Violation{Kind: Malformed, Detail: fmt.Sprintf("the server's frame %.100q cannot be read: %v", frame, cause)}
	c.reportViolation(v)
	return v
}
