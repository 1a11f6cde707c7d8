package metrics

import (
	"math"
	"strings"
	"testing"
)

const before = `# HELP waits how long
# TYPE waits histogram
waits_bucket{le="0.001"} 10
waits_bucket{le="0.01"} 10
waits_bucket{le="+Inf"} 10
mallocs_total 1.5e+06
`

const after = `waits_bucket{le="0.001"} 1000
waits_bucket{le="0.01"} 1009
waits_bucket{le="+Inf"} 1010
mallocs_total 1.75e+06
`

func page(t *testing.T, text string) Page {
	t.Helper()
	p, err := parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhatHappenedBetweenTwoPagesIsTheirDifference(t *testing.T) {
	a, b := page(t, before), page(t, after)
	if got := b.Since(a, "mallocs_total"); got != 250_000 {
		t.Errorf("mallocs: got %v, want 250000", got)
	}
	for q, want := range map[float64]float64{0.5: 0.001 * 500 / 990, 0.995: 0.001 + 0.009*5/9, 0.9999: 0.01} {
		if got := b.Quantile(a, "waits", q); math.Abs(got-want) > 1e-9 {
			t.Errorf("quantile %v: got %v, want %v", q, got, want)
		}
	}
	if got := b.Quantile(b, "waits", 0.5); !math.IsNaN(got) {
		t.Errorf("a histogram that took in nothing: got %v, want NaN", got)
	}
}

func TestAPageThatIsNoneIsAnError(t *testing.T) {
	if p, err := parse(strings.NewReader("mallocs_total many\n")); err == nil {
		t.Errorf("got %v, want an error", p)
	}
}
