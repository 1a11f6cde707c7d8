package dedup

import (
	"testing"
	"time"

	"verbatim/protocol"
)

func TestAnIDIsRememberedForAGenerationAtLeastAndForTwoAtMost(t *testing.T) {
	const lasts = 10 * time.Minute
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	index := New(now, 1)
	index.Add(7, 1)
	for _, step := range []struct {
		after time.Duration
		found protocol.Seq
		from  protocol.Seq
	}{
		{lasts - time.Second, 1, 1},
		{time.Second, 1, 1}, // the generation of the id is the old one
		{lasts - time.Second, 1, 1},
		{time.Second, 0, 2}, // and now it is gone
	} {
		now = now.Add(step.after)
		index.Advance(now, lasts, 2)
		if got := index.Find(7); got != step.found || index.From() != step.from {
			t.Errorf("at %s: the id has seq %d, and ids are remembered from %d on; want %d and %d",
				now.Format(time.TimeOnly), got, index.From(), step.found, step.from)
		}
	}
}

func TestAnIndexThatForgotIDsSinceASendCameSaysSo(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	index := New(now, 50) // the ids before entry 50 are not in it
	for _, row := range []struct {
		name    string
		covered protocol.Seq
		waited  time.Duration
		want    bool
	}{
		{"covered then, and now", 50, time.Hour, false},
		{"covered then, and forgotten since", 49, 0, true},
		{"without since, and in time", 0, Slack, false},
		{"without since, and late", 0, Slack + 1, true},
	} {
		if got := index.Forgot(row.covered, now.Add(-row.waited)); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
	index.Reach(1)
	if index.Forgot(0, now.Add(-time.Hour)) {
		t.Error("every id is in it, and it says that some were forgotten")
	}
}
