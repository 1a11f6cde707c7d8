package protocol

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// SameJSON says whether two values are equal as JSON: escapes, the order of fields and a number's spelling do not count.
// Numbers are compared as decimals, digit for digit: ids of 64 bits are no float64. "" is equal to itself alone.
func SameJSON(a, b string) bool {
	if a == b {
		return true
	}
	x, y := jsontext.Value(a), jsontext.Value(b)
	if inOneOrder(&x) != nil || inOneOrder(&y) != nil {
		return false
	}
	p, q := jsontext.NewDecoder(strings.NewReader(string(x))), jsontext.NewDecoder(strings.NewReader(string(y)))
	for {
		s, errX := p.ReadToken()
		t, errY := q.ReadToken()
		switch {
		case errX != nil || errY != nil:
			return errX == errY // both at their end
		case s.Kind() != t.Kind():
			return false
		case s.Kind() == '0' && decimal(s.String()) != decimal(t.String()):
			return false
		case s.Kind() == '"' && s.String() != t.String():
			return false
		}
	}
}

// inOneOrder sorts a value's fields by name, and leaves its numbers as they are.
func inOneOrder(v *jsontext.Value) error {
	return v.Format(jsontext.ReorderRawObjects(true))
}

// decimal gives a JSON number in the one spelling that equal numbers share: its digits without zeros at either end, and
// the power of ten of the last of them. A number whose exponent is no int32 stays as it is written.
func decimal(number string) string {
	sign := ""
	if rest, negative := strings.CutPrefix(number, "-"); negative {
		sign, number = "-", rest
	}
	digits, power := number, ""
	if at := strings.IndexAny(number, "eE"); at >= 0 {
		digits, power = number[:at], number[at+1:]
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	digits = strings.TrimLeft(whole+fraction, "0")
	trimmed := strings.TrimRight(digits, "0")
	if trimmed == "" {
		return "0"
	}
	exponent := int64(0)
	if power != "" {
		var err error
		if exponent, err = strconv.ParseInt(power, 10, 32); err != nil {
			return sign + number
		}
	}
	exponent += int64(len(digits)-len(trimmed)) - int64(len(fraction))
	return sign + trimmed + "e" + strconv.FormatInt(exponent, 10)
}
