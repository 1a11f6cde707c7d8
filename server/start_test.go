package server

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestAStartOnADiskThatHangsIsLeftOnceItWasToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		answers := make(chan struct{})
		began := time.Now()
		time.AfterFunc(time.Hour, cancel)
		_, err := openOrAbandon(ctx, 10*time.Second, func() (int, error) { <-answers; return 1, nil })
		if !errors.Is(err, errHangs) || time.Since(began) != time.Hour+10*time.Second {
			t.Errorf("after %v: %v; want an hour, in which nobody asked it to end, and 10 s", time.Since(began), err)
		}
		close(answers)
	})
}

func TestAStartThatEndsInTimeIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		given, err := openOrAbandon(ctx, 10*time.Second, func() (int, error) { time.Sleep(9 * time.Second); return 1, ctx.Err() })
		if given != 1 || !errors.Is(err, context.Canceled) {
			t.Errorf("%d, %v; want what it gave", given, err)
		}
	})
}
