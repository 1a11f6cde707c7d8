package query

import "testing"

func TestWhatIsMeantIsFoundWhereItIsNear(t *testing.T) {
	t.Parallel()
	known := []string{"after", "before", "limit", "wait", "log", "known", "sum"}
	for name, want := range map[string]string{
		"afer": "after", "aftr": "after", "fater": "after", "after ": "after", "befor": "before", "befroe": "before", "Limit": "limit",
		"lg": "log", "logs": "log", "wai": "wait", "unkown": "known", "x": "", "": "", "page": "", "sort": "", "since": "", "offset": "",
	} {
		if got := nearest(name, known); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
