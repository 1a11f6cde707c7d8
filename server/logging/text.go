package logging

// Bounded returns a stranger's text as it may stand in the log: at most 200 bytes, without characters that act on a
// terminal.
func Bounded(text string) string { return Legible(text, 200) }

// Legible returns at most limit bytes of a text, with ? for each byte that is not printable ASCII.
func Legible(text string, limit int) string {
	cut := text
	if len(cut) > limit {
		cut = cut[:limit]
	}
	clean := make([]byte, 0, len(cut)+len("…"))
	for i := range len(cut) {
		if c := cut[i]; c < 0x20 || c >= 0x7f {
			clean = append(clean, '?')
		} else {
			clean = append(clean, c)
		}
	}
	if len(cut) < len(text) {
		clean = append(clean, "…"...)
	}
	return string(clean)
}
