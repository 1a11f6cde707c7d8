package wake_test

import (
	"testing"

	"verbatim/wake"
)

func TestWakesThatNobodyTookAreOne(t *testing.T) {
	s := wake.New()
	for range 3 {
		s.Wake()
	}

	if got := pending(s); got != 1 {
		t.Errorf("after 3 wakes %d are pending, want 1", got)
	}
	s.Wake()
	if got := pending(s); got != 1 {
		t.Errorf("after a wake that follows a receive %d are pending, want 1", got)
	}
}

func TestTheZeroSignalWakesNobodyAndDoesNotWait(t *testing.T) {
	var s wake.Signal
	s.Wake()
	if got := pending(s); got != 0 {
		t.Errorf("%d wakes are pending, want none", got)
	}
}

func TestNoWakeIsLost(t *testing.T) {
	const rounds = 10_000
	s, done := wake.New(), make(chan int)
	work := make(chan int, rounds)
	go func() { // the test's; waits for wakes; ends when it has seen all the work
		seen := 0
		for seen < rounds {
			<-s
			for len(work) > 0 {
				<-work
				seen++
			}
		}
		done <- seen
	}()

	for i := range rounds {
		work <- i
		s.Wake()
	}
	if seen := <-done; seen != rounds {
		t.Errorf("seen %d of %d", seen, rounds)
	}
}

// pending takes the wakes that are pending, and returns how many there were.
func pending(s wake.Signal) (n int) {
	for {
		select {
		case <-s:
			n++
		default:
			return n
		}
	}
}
