package history

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestAGuardTriesAgainWhatANewConnectionMayMend(t *testing.T) {
	for _, test := range []struct {
		name  string
		err   error
		calls int
	}{
		{"nothing wrong", nil, 1},
		{"a broken connection", io.EOF, 2},
		{"a timeout", context.DeadlineExceeded, 1},
	} {
		calls := 0
		got := newGuard("tests", 2, zerolog.Nop()).do(t.Context(), time.Second, func(context.Context) error {
			if calls++; calls > 1 {
				return nil
			}
			return test.err
		})
		if calls != test.calls {
			t.Errorf("%s: %d calls, want %d", test.name, calls, test.calls)
		}
		if mended := test.calls > 1; (mended || test.err == nil) != (got == nil) || got != nil && !errors.Is(got, test.err) {
			t.Errorf("%s: got %v", test.name, got)
		}
	}
}
