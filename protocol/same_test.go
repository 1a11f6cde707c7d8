package protocol

import "testing"

func TestSameJSON(t *testing.T) {
	for _, row := range []struct {
		a, b string
		same bool
	}{
		{`"caf\u00e9"`, `"café"`, true},
		{`"a"`, `"b"`, false},
		{`{"a":1,"b":[true,null]}`, `{"b":[true,null],"a":1}`, true},
		{`{"a":{"x":1,"y":2}}`, `{ "a" : {"y":2,"x":1} }`, true},
		{`{"\u0061":1,"b":2}`, `{"b":2,"a":1}`, true},
		{`{"a":1}`, `{"a":1,"b":1}`, false},
		{`{"a":1}`, `{"b":1}`, false},
		{`{"a":true}`, `{"a":false}`, false},
		{`{"a":"1"}`, `{"a":1}`, false},
		{`{"a":[1,2]}`, `{"a":[2,1]}`, false},
		{`{"a":[1]}`, `{"a":[1,1]}`, false},
		{`{"a":[]}`, `{"a":{}}`, false},
		{`{"n":9007199254740993}`, `{"n":9007199254740992}`, false},
		{`{"n":0.1}`, `{"n":0.10000000000000000001}`, false},
		{`{"n":1e400}`, `{"n":1e401}`, false},
		{`{"n":1.50}`, `{"n":1.5}`, true},
		{`{"n":150}`, `{"n":1.5E+2}`, true},
		{`{"n":100}`, `{"n":1e2}`, true},
		{`{"n":0.001}`, `{"n":1e-3}`, true},
		{`{"n":-0}`, `{"n":0.0e7}`, true},
		{`{"n":-1}`, `{"n":1}`, false},
		{`{"n":1e99999999999999999999}`, `{"n":1e99999999999999999999}`, true},
		{`{"n":1e99999999999999999999}`, `{"n":1e99999999999999999998}`, false},
		{``, ``, true},
		{``, `{}`, false},
	} {
		if got := SameJSON(row.a, row.b); got != row.same {
			t.Errorf("%s and %s: %v", row.a, row.b, got)
		}
		if got := SameJSON(row.b, row.a); got != row.same {
			t.Errorf("%s and %s: %v", row.b, row.a, got)
		}
	}
}
