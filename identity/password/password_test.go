package password

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
)

const right = "correct horse"

func TestAPasswordMatchesItsHashAlone(t *testing.T) {
	h := NewHasher()
	kept, err := h.Hash(t.Context(), right)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kept, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(kept, right) {
		t.Errorf("kept is %q", kept)
	}
	for _, row := range []struct {
		kept, password string
		want           bool
	}{
		{kept, right, true},
		{kept, right + " ", false},
		{kept, "Correct horse", false},
		{kept, "", false},
		{kept, strings.Repeat("a", MaxBytes+1), false},
		{"", right, false},
	} {
		if got, err := h.Verify(t.Context(), row.kept, row.password); err != nil || got != row.want {
			t.Errorf("%.20q: %t, %v; want %t", row.password, got, err, row.want)
		}
	}
	again, err := h.Hash(t.Context(), right)
	if err != nil || again == kept {
		t.Errorf("the same password has the same hash twice, or %v", err)
	}
}

func TestTheSamePasswordOfTwoKeyboardsIsOne(t *testing.T) {
	h := NewHasher()
	kept, err := h.Hash(t.Context(), "Gr\u00fc\u00dfe an alle") // ü as one letter
	if err != nil {
		t.Fatal(err)
	}
	// ü as u and two dots; the spaces as another keyboard makes them
	if ok, err := h.Verify(t.Context(), kept, "Gru\u0308\u00dfe\u00a0an alle"); err != nil || !ok {
		t.Errorf("%t, %v", ok, err)
	}
}

func TestAPasswordThatCannotBeChosenSaysWhy(t *testing.T) {
	for _, row := range []struct {
		password string
		want     error
	}{
		{"", errShort},
		{"1234567", errShort},
		{"ééééééé", errShort},
		{"12345678", nil},
		{"éééééééé", nil},
		{strings.Repeat("a", MaxBytes), nil},
		{strings.Repeat("a", MaxBytes+1), errLong},
		{"12345678\x00", errLetter},
		{"12345678\n", errLetter},
		{"12345678\xff", errLetter},
	} {
		if err := Check(row.password); !errors.Is(err, row.want) || (err == nil) != (row.want == nil) {
			t.Errorf("%.20q: %v, want %v", row.password, err, row.want)
		}
	}
}

func TestADamagedHashIsAnErrorThatDoesNotShowIt(t *testing.T) {
	h := NewHasher()
	kept, err := h.Hash(t.Context(), right)
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range []string{
		"x", kept[:len(kept)-1], kept + "A", strings.Replace(kept, "t=2", "t=1", 1), strings.Replace(kept, "id", "i", 1),
		head, head + "$", strings.Replace(kept, "$", "", 1), kept[:len(kept)-1] + "=",
	} {
		ok, err := h.Verify(t.Context(), damaged, right)
		if ok || !errors.Is(err, errEncoded) || strings.Contains(err.Error(), kept[40:50]) {
			t.Errorf("%q: %t, %v", damaged, ok, err)
		}
	}
}

func TestTooManyAtATimeAreRefusedAndWaitersMayLeave(t *testing.T) {
	h := NewHasher()
	for range cap(h.places) {
		if _, err := h.take(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	leave, cancel := context.WithCancel(t.Context())
	var waiters sync.WaitGroup
	for range maxWaiting {
		waiters.Go(func() {
			if _, err := h.Verify(leave, "", right); !errors.Is(err, context.Canceled) {
				t.Errorf("a waiter got %v", err)
			}
		})
	}
	for len(h.waiting) < cap(h.waiting) { // until all wait
		if t.Context().Err() != nil {
			t.Fatal("the waiters do not come")
		}
	}
	if _, err := h.Verify(t.Context(), "", right); !errors.Is(err, ErrBusy) {
		t.Errorf("one too many got %v", err)
	}
	if _, err := h.Hash(t.Context(), right); !errors.Is(err, ErrBusy) {
		t.Errorf("one too many got %v", err)
	}
	cancel()
	waiters.Wait()
	if n := len(h.waiting); n != cap(h.places) {
		t.Errorf("%d places are taken after the waiters left", n)
	}
}

func BenchmarkVerify(b *testing.B) {
	h := NewHasher()
	kept, err := h.Hash(b.Context(), right)
	if err != nil {
		b.Fatal(err)
	}
	for name, kept := range map[string]string{"known": kept, "unknown": ""} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := h.Verify(b.Context(), kept, "wrong password"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
