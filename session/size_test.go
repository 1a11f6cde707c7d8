package session

import (
	"testing"
	"unsafe"
)

// An idle session costs these bytes, and its goroutine. A larger one needs a reason.
func TestAnIdleSessionIsSmall(t *testing.T) {
	for _, test := range []struct {
		what      string
		got, most uintptr
	}{
		{"a session", unsafe.Sizeof(session{}), 512},
		// With 16 bytes of its place among the expiries: 64 for a session that lives by a token.
		{"a life", unsafe.Sizeof(life{}), 48},
		{"a cursor", unsafe.Sizeof(cursor{}), 192},
	} {
		t.Logf("%s: %d bytes", test.what, test.got)
		if test.got > test.most {
			t.Errorf("%s has %d bytes, want %d at most", test.what, test.got, test.most)
		}
	}
}
