package server

import "testing"

func TestOpenFilesAreDividedSoThatNobodyTakesAnothers(t *testing.T) {
	t.Parallel()
	cfg := defaults(t)
	for limit := 20; limit < 100_000; limit += 7 {
		b := newBudget(cfg, limit)
		if sum := b.sessions + b.refusals + b.handshakes; b.connections >= limit || sum > b.connections {
			t.Fatalf("%d files: %+v: %d of %d connections are promised", limit, b, sum, b.connections)
		}
		if b.handshakesEach > b.handshakes || b.refusalsEach > b.refusals || b.transcripts > limit-b.connections {
			t.Fatalf("%d files: %+v", limit, b)
		}
	}
	want := budget{connections: 17952, sessions: 10000, handshakes: 1024, handshakesEach: 32, refusals: 256, refusalsEach: 16, limit: 20000}
	if got := newBudget(cfg, 20000); got != want {
		t.Errorf("20,000 files: got %+v, want the contract's numbers %+v", got, want)
	}
}
