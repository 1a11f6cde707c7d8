package server

import (
	"fmt"
	"strconv"
	"strings"
)

// Size is a number of bytes, written as 131072, 128kB, 256MB or 1GB (powers of 1024).
type Size int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Size) UnmarshalText(text []byte) error {
	digits := strings.TrimRight(string(text), "kKmMgGiIbB ")
	n, err := strconv.ParseInt(digits, 10, 40)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is no size: write it as 131072, 128kB, 256MB or 1GB", text)
	}
	switch unit := strings.ToLower(strings.TrimSpace(string(text[len(digits):]))); unit {
	case "", "b":
	case "k", "kb", "kib":
		n <<= 10
	case "m", "mb", "mib":
		n <<= 20
	case "g", "gb", "gib":
		n <<= 30
	default:
		return fmt.Errorf("%q is no size: write it as 131072, 128kB, 256MB or 1GB", text)
	}
	*s = Size(n)
	return nil
}
