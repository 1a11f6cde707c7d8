package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

type drained struct {
	left int
	err  error
}

// drain begins a drain; what came of it is told once.
func drain(ctx context.Context, c *Client) <-chan drained {
	done := make(chan drained, 1)
	go func() { // ends with the drain
		left, err := c.Drain(ctx)
		done <- drained{left, err}
	}()
	return done
}

func TestDrainWaitsUntilAllSendsAreSettledAndEndsTheClient(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, ran := run(t, o)
		k := f.next()
		k.joins("log1", "1", "0")
		say(t, c, "a", "b", "c")
		k.hearsSends("a", "b", "c")
		done := drain(context.Background(), c)
		k.acks("a", "1")
		k.close(1001, "") // a drain goes on over a lost connection
		k = f.next()
		k.joins("log1", "1", "1")
		k.hearsSends("b", "c")
		k.refuses("b", "forbidden", "")
		k.refuses("c", "out_of_order", "")
		k.hearsSends("c")
		synctest.Wait()
		select {
		case d := <-done:
			t.Fatalf("it ended before the last ack: %+v", d)
		default:
		}
		k.acks("c", "2")
		if d := <-done; d.left != 0 || d.err != nil {
			t.Errorf("drained: %+v, want none left", d)
		}
		if err := <-ran; !errors.Is(err, ErrClosed) {
			t.Errorf("the client ended with %v", err)
		}
	})
}

func TestADrainThatEndsEarlySaysHowManyAreLeftAndWhy(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "0")
		say(t, c, "a", "b", "c")
		k.hearsSends("a", "b", "c")
		k.acks("a", "1")
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		start := time.Now()
		d := <-drain(ctx, c)
		if d.left != 2 || !errors.Is(d.err, context.DeadlineExceeded) || time.Since(start) < 5*time.Second {
			t.Errorf("drained: %+v after %v, want 2 left after 5 s", d, time.Since(start))
		}
	})
}

// A program starts Run, sends and drains at once: Run may not have begun by then.
func TestADrainWaitsForRun(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		say(t, c, "a")
		done := drain(context.Background(), c)
		synctest.Wait()
		go func() { _ = c.Run(context.Background()) }() // ends with the drain
		k := f.next()
		k.joins("log1", "1", "0")
		k.hearsSends("a")
		k.acks("a", "1")
		if d := <-done; d.left != 0 || d.err != nil {
			t.Errorf("drained: %+v, want none left", d)
		}
	})
}

func TestASecondDrainWaitsNoLongerThanItMay(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "0")
		say(t, c, "a", "b")
		k.hearsSends("a", "b")
		k.acks("a", "1")
		first := drain(context.Background(), c)
		synctest.Wait()
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		if left, err := c.Drain(gone); left != 1 || !errors.Is(err, context.Canceled) {
			t.Errorf("the second drain: %d left, %v; want 1, and that it was not given the time", left, err)
		}
		k.acks("b", "2")
		if d := <-first; d.left != 0 || d.err != nil {
			t.Errorf("the first drain: %+v, want none left", d)
		}
	})
}

func TestNoSendIsTakenWhileOrAfterAClientDrains(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		o.Unacked = 2
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "0")
		say(t, c, "a", "b")
		k.hearsSends("a", "b")
		blocked := make(chan error, 1)
		go func() { // ends with the drain
			_, err := c.Send(context.Background(), Message{Conversation: "lobby", Text: "waits for room"})
			blocked <- err
		}()
		synctest.Wait()
		done := drain(context.Background(), c)
		if err := <-blocked; !errors.Is(err, ErrClosed) {
			t.Errorf("a send that waited ended with %v", err)
		}
		refused := func() {
			t.Helper()
			if _, err := c.TrySend(Message{Conversation: "lobby", Text: "x"}); !errors.Is(err, ErrClosed) {
				t.Errorf("got %v, want ErrClosed", err)
			}
		}
		refused()
		k.acks("a", "1")
		synctest.Wait()
		refused()
		k.acks("b", "2")
		if d := <-done; d.left != 0 || d.err != nil {
			t.Errorf("drained: %+v", d)
		}
		refused()
		if d := <-drain(context.Background(), c); d.left != 0 || d.err != nil {
			t.Errorf("drained again: %+v", d)
		}
	})
}

func TestAClientThatNeverRanOrIsOverHasNothingToWaitFor(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		idle, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		say(t, idle, "a")
		done := drain(context.Background(), idle)
		synctest.Wait()
		idle.Close()
		if d := <-done; d.left != 1 || !errors.Is(d.err, ErrClosed) {
			t.Errorf("drained: %+v, want 1 left", d)
		}
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "0")
		say(t, c, "a")
		k.hearsSends("a")
		k.close(4003, "blocked") // which no new connection mends
		if left, err := c.Drain(context.Background()); left != 1 || !errors.Is(err, ErrClosed) {
			t.Errorf("drained: %d %v, want 1 left", left, err)
		}
	})
}
