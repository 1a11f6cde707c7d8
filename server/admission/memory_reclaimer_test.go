package admission

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func forced() uint32 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NumForcedGC
}

func TestMemoryIsGivenBackOnceWhenACrowdHasComeAndItIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e memoryReclaimer
		crowd := func(n int) {
			for range n {
				e.move()
			}
		}
		before := forced()
		check := func(when string, want uint32) {
			t.Helper()
			synctest.Wait()
			if got := forced() - before; got != want {
				t.Errorf("%s: memory was given back %d times; want %d", when, got, want)
			}
		}
		crowd(worthwhile - 1)
		time.Sleep(time.Hour)
		check("a few have come", 0)
		crowd(1)
		time.Sleep(quiet - time.Millisecond)
		check("a crowd has come this moment", 0)
		for range 10 {
			crowd(worthwhile)
			time.Sleep(quiet - time.Millisecond)
		}
		check("more come all the time", 0)
		time.Sleep(2 * quiet)
		check("it is quiet", 1)
		time.Sleep(time.Hour)
		check("it stays quiet", 1)
		crowd(worthwhile)
		time.Sleep(2 * quiet)
		check("another crowd", 2)
	})
}
