package e2e

import (
	"slices"
	"testing"
)

func TestTheFieldsOfAnObjectAreReadInTheOrderOfItsBytes(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][]string{
		`{}`: nil,
		`{"a":1,"b":"c","d":{"e":1},"f":["g",{"h":1}],"i":null}`: {"a", "b", "d", "f", "i"},
		`{ "a" : "b\"c\\" , "d" : "\\\"" }`:                      {"a", "d"},
		`{"a":"{\"x\":1}","a":2}`:                                {"a", "a"},
	} {
		if got, err := fields([]byte(raw)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", raw, got, err, want)
		}
	}
	for _, raw := range []string{``, `[]`, `{`, `{"a`} {
		if got, err := fields([]byte(raw)); err == nil {
			t.Errorf("%s: got %v, want an error", raw, got)
		}
	}
}

// The tables find what is wrong: a frame out of order, with a field too many, too few, or in another form.
func TestAFrameAgainstTheContractIsFound(t *testing.T) {
	t.Parallel()
	const stamp = `"time":"2026-11-24T12:00:00.123456Z","sum":"0123456789abcdef0123456789abcdef"}`
	good := `{"type":"ack","id":"c1","conversation":"lobby","seq":1,` + stamp
	if _, err := parseFrame([]byte(good)); err != nil {
		t.Errorf("%s: %v", good, err)
	}
	for what, raw := range map[string]string{
		"out of order": `{"type":"ack","conversation":"lobby","id":"c1","seq":1,` + stamp,
		"one too many": `{"type":"pong","at":1}`,
		"one twice":    `{"type":"left","conversation":"a","conversation":"a"}`,
		"one too few":  `{"type":"typing","conversation":"lobby"}`,
		"an old time":  `{"type":"last","conversation":"lobby","last":1,"time":"2026-11-24T12:00:00Z"}`,
		"a short sum": `{"type":"ack","conversation":"lobby","seq":1,` +
			`"time":"2026-11-24T12:00:00.123456Z","sum":"0123"}`,
		"not of v1":      `{"type":"stream","conversation":"lobby"}`,
		"not one object": `{"type":"pong"}{"type":"pong"}`,
	} {
		if f, err := parseFrame([]byte(raw)); err == nil {
			t.Errorf("%s passed: %s", what, f)
		}
	}
}
