package password

import (
	"context"
	"errors"
	"runtime"
)

// How many hashes are computed at a time, and how many callers may wait. A hash takes 19 MiB and a core for some 30 ms.
const (
	maxAtATime = 4
	maxWaiting = 32
)

// ErrBusy says that too many passwords are being checked: the caller answers "try again".
var ErrBusy = errors.New("too many passwords are being checked")

// Hasher hashes passwords, a few at a time.
type Hasher struct {
	places  chan struct{} // one for each hash that is computed
	waiting chan struct{} // one for each caller that waits or computes
	nobody  encoded       // the hash that a user who does not exist is checked against
}

// NewHasher returns a hasher.
func NewHasher() *Hasher {
	// More at a time than there are cores would take longer each, and their memory.
	atATime := min(maxAtATime, runtime.GOMAXPROCS(0))
	salt := newSalt()
	return &Hasher{
		places: make(chan struct{}, atATime), waiting: make(chan struct{}, atATime+maxWaiting),
		nobody: encoded{salt, make([]byte, hashBytes)}, // no password is known that has this hash
	}
}

// Hash returns what is kept of a new password. The error is Check's, ErrBusy, or ctx's.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	text, err := normal(password)
	if err != nil {
		return "", err
	}
	free, err := h.take(ctx)
	if err != nil {
		return "", err
	}
	defer free()
	salt := newSalt()
	return encoded{salt, compute(text, salt)}.String(), nil
}

// Verify reports whether the password is the one of which kept was made. kept is "" for a user who does not exist or
// has no password: Verify then takes as long, and returns false. The error is ErrBusy, ctx's, or says that kept is
// damaged.
func (h *Hasher) Verify(ctx context.Context, kept, password string) (bool, error) {
	against := h.nobody
	if kept != "" {
		var err error
		if against, err = parseEncoded(kept); err != nil {
			return false, err
		}
	}
	text, err := normal(password)
	if err != nil {
		// It is nobody's password. What it costs must not tell whether the user exists, and it need not cost much.
		return false, nil //nolint:nilerr // a wrong password is an answer
	}
	free, err := h.take(ctx)
	if err != nil {
		return false, err
	}
	defer free()
	return against.matches(text) && kept != "", nil
}

// take waits for a place. The caller calls free.
func (h *Hasher) take(ctx context.Context) (free func(), err error) {
	select {
	case h.waiting <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	select {
	case h.places <- struct{}{}:
		return func() { <-h.places; <-h.waiting }, nil
	case <-ctx.Done():
		<-h.waiting
		return nil, ctx.Err()
	}
}
