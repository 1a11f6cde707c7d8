package export

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"verbatim/protocol"
)

// For people a time is to the second: the six digits stand in jsonl and json.
const peopleTime = "2006-01-02 15:04:05"

// paragraphs returns the lines of a text, without what would move a terminal's cursor or turn what stands beside it
// around. Marks of direction stay, since Arabic and Hebrew need them; each line closes what it opened.
func paragraphs(s string) []string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(s)
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || r == leftOverride || r == rightOverride {
			return utf8.RuneError
		}
		return r
	}, s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = closed(line)
	}
	return lines
}

// The characters that turn the direction of what follows: embeddings and isolates, what closes each, and the overrides,
// which turn letters around that are written the other way.
const (
	leftEmbedding  = '\u202A'
	rightEmbedding = '\u202B'
	endOfEmbedding = '\u202C'
	leftOverride   = '\u202D'
	rightOverride  = '\u202E'
	leftIsolate    = '\u2066'
	rightIsolate   = '\u2067'
	firstIsolate   = '\u2068'
	endOfIsolate   = '\u2069'
)

// closed closes the embeddings and isolates that a line leaves open, and leaves out the ends of those that it did not
// open. The end of an isolate also ends what is open within it (UAX #9, X6a), so that nothing of that is closed once
// more.
func closed(line string) string {
	if !strings.ContainsFunc(line, func(r rune) bool { return leftEmbedding <= r && r <= endOfIsolate }) {
		return line
	}
	var b strings.Builder
	var open []rune // what will close them
	isolates := 0
	for _, r := range line {
		switch r {
		case leftEmbedding, rightEmbedding:
			open = append(open, endOfEmbedding)
		case leftIsolate, rightIsolate, firstIsolate:
			open = append(open, endOfIsolate)
			isolates++
		case endOfEmbedding:
			if len(open) == 0 || open[len(open)-1] != r {
				continue
			}
			open = open[:len(open)-1]
		case endOfIsolate:
			if isolates == 0 {
				continue
			}
			isolates--
			for open[len(open)-1] != r {
				open = open[:len(open)-1]
			}
			open = open[:len(open)-1]
		}
		b.WriteRune(r)
	}
	for i := len(open) - 1; i >= 0; i-- {
		b.WriteRune(open[i])
	}
	return b.String()
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
		if line = spaced(line); line != "" {
			dst = appendEscaped(append(dst, ' '), line)
			if i+1 < len(lines) && lines[i+1] != "" {
				dst = append(dst, '\\') // the line breaks here
			}
		}
		dst = append(dst, '\n')
	}
	return dst
}

// spaced keeps the blanks of a line, which Markdown would take for code at its beginning and for one elsewhere. In a
// run of them the last one stays what it is, so that a long line can break there.
func spaced(line string) string {
	line = strings.TrimRight(strings.ReplaceAll(line, "\t", "    "), " ")
	rest := strings.TrimLeft(line, " ")
	var b strings.Builder
	b.WriteString(strings.Repeat("\u00a0", len(line)-len(rest)))
	for i := range len(rest) {
		if rest[i] == ' ' && rest[i+1] == ' ' {
			b.WriteString("\u00a0")
		} else {
			b.WriteByte(rest[i])
		}
	}
	return b.String()
}

// emoji is the name of one: many readers show a picture in its place.
var emoji = regexp.MustCompile(`^:[\w+-]{1,64}:`)

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
			c == ':' && emoji.MatchString(line[i:]),
			c == '.' && i > 0 && strings.IndexByte("0123456789wW", line[i-1]) >= 0:
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return dst
}
