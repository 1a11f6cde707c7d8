package persistence

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"verbatim/protocol"
)

// For people a time is to the second: the six digits stand in jsonl and json.
const peopleTime = "2006-01-02 15:04:05"

// paragraphs gives the lines of a text, without what would move a terminal's cursor or turn the direction of what
// stands beside it.
func paragraphs(s string) []string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(s)
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || 0x202A <= r && r <= 0x202E || 0x2066 <= r && r <= 0x2069 {
			return utf8.RuneError
		}
		return r
	}, s)
	return strings.Split(s, "\n")
}

// plainText is one for reading: one message a paragraph, its further lines indented, so that no text can look like the
// beginning of another message.
type plainText struct{}

func (plainText) head(dst []byte, created string) []byte {
	return append(append(append(dst, "Begun "...), created...), "\n\n"...)
}

func (plainText) message(dst []byte, m *protocol.Message) []byte {
	dst = m.Time.Std().AppendFormat(append(dst, '['), peopleTime)
	dst = append(appendSeq(append(dst, ' '), m), "] "...)
	dst = append(append(dst, shown(m)...), ": "...)
	if m.Redacted {
		return append(dst, "(redacted)\n"...)
	}
	for i, line := range paragraphs(m.PlainText()) {
		if i > 0 {
			dst = append(dst, "    "...)
		}
		dst = append(append(dst, line...), '\n')
	}
	return dst
}

// markdown is CommonMark, each text a quotation in which nothing is markup.
type markdown struct{ id string }

func (a markdown) head(dst []byte, created string) []byte {
	dst = appendEscaped(append(dst, "# "...), a.id)
	return append(append(append(dst, "\n\nBegun "...), created...), '\n')
}

func (markdown) message(dst []byte, m *protocol.Message) []byte {
	dst = appendEscaped(append(dst, "\n**"...), shown(m))
	dst = m.Time.Std().AppendFormat(append(dst, "** · "...), peopleTime)
	dst = appendSeq(append(dst, " · \\"...), m) // the backslash keeps # from being a reference
	dst = append(dst, "\n\n"...)
	if m.Redacted {
		return append(dst, "> *(redacted)*\n"...)
	}
	lines := paragraphs(m.PlainText())
	for i, line := range lines {
		dst = append(dst, '>')
		if line = indented(line); line != "" {
			dst = appendEscaped(append(dst, ' '), line)
			if i+1 < len(lines) && lines[i+1] != "" {
				dst = append(dst, '\\') // the line breaks here
			}
		}
		dst = append(dst, '\n')
	}
	return dst
}

// indented keeps a line's indentation and keeps it from making code.
func indented(line string) string {
	rest := strings.TrimLeft(line, " \t")
	if rest == "" {
		return ""
	}
	width := 0
	for _, r := range line[:len(line)-len(rest)] {
		if width++; r == '\t' {
			width += 3
		}
	}
	return strings.Repeat("\u00a0", width) + rest
}

// escapes are the characters that mean something in CommonMark, GitHub's extensions or HTML wherever they stand.
const escapes = "\\`*_{}[]()<>#|~&!@$^"

// appendEscaped adds a line in which nothing is markup.
func appendEscaped(dst []byte, line string) []byte {
	start := strings.IndexFunc(line, func(r rune) bool { return r != '\u00a0' }) // the first character that counts
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case strings.IndexByte(escapes, c) >= 0,
			strings.IndexByte("-+=:", c) >= 0 && i == start, // lists, rules, headings, definitions
			c == ':' && strings.HasPrefix(line[i+1:], "/"),  // a link of its own accord
			c == '.' && i > 0 && strings.IndexByte("0123456789wW", line[i-1]) >= 0:
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return dst
}
