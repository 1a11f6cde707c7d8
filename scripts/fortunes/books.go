package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// book is one file's quotations and the conversation that they are played into.
type book struct {
	conversation string
	quotations   []string
	seqs         []int // where each quotation stands, by its ack; filled by play
}

// maxText is limits.text: longer quotations are passed over.
const maxText = 16384

// readBooks reads every file of the folder: quotations are parted by lines of %. Links and indexes (.dat, .u8) are
// other names of the same. At most `each` of each file; 0: all.
func readBooks(folder string, each int) (books []*book, passed int, err error) {
	ids := map[string]bool{}
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasSuffix(path, ".dat") || strings.HasSuffix(path, ".u8") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		quotations, n := split(string(b), each)
		passed += n
		if len(quotations) > 0 {
			books = append(books, &book{conversation: conversationID(name, ids), quotations: quotations})
		}
		return nil
	})
	if err == nil && len(books) == 0 {
		err = fmt.Errorf("no quotations in %s: run scripts/setup.sh", folder)
	}
	return books, passed, err
}

func split(text string, each int) (quotations []string, passed int) {
	for q := range strings.SplitSeq("\n"+text, "\n%\n") {
		q = strings.Trim(q, "\n")
		switch {
		case q == "":
		case !utf8.ValidString(q) || strings.Contains(q, "\x00") || len(q) > maxText:
			passed++
		case each > 0 && len(quotations) == each:
			return quotations, passed
		default:
			quotations = append(quotations, q)
		}
	}
	return quotations, passed
}

// conversationID makes an id of the language's folder and the file's name: pl/Linux_PL becomes fortunes-pl-linux_pl.
func conversationID(name string, taken map[string]bool) string {
	id := "fortunes-" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '_':
			return r
		}
		return '-'
	}, name)
	id = id[:min(len(id), 60)] // 64 bytes at most, with room for a number
	unique := id
	for n := 2; taken[unique]; n++ {
		unique = fmt.Sprintf("%s-%d", id, n)
	}
	taken[unique] = true
	return unique
}

// ownBooks are what the packages lack: text from right to left, emoji of several runes, and what is awkward in JSON.
func ownBooks() []*book {
	return []*book{
		{conversation: "fortunes-own-right-to-left", quotations: []string{
			"בראשית ברא אלהים את השמים ואת הארץ", "العلم نور والجهل ظلام", "دانا شود آنکه پرسد",
			"זה טקסט with English בתוכו 123",
			"\u202bembedded\u202c \u2067isolated\u2069 \u202eoverridden\u202c", "سَلَامٌ", "אָ֑\u05bd", "ܫܠܡܐ",
			"އައްސަލާމު", "ﷺ",
		}},
		{conversation: "fortunes-own-emoji", quotations: []string{
			"🦊", "👩‍👩‍👧‍👦 family", "🏳️‍🌈 and 🏴󠁧󠁢󠁳󠁣󠁴󠁿", "👍🏽👍🏿", "❤️ \u2764\ufe0e", "🇩🇪🇯🇵🇧🇷",
			strings.Repeat("🎉", maxText/4), "e\u0301 é 한글 한글",
		}},
		{conversation: "fortunes-own-awkward", quotations: []string{
			" . ", "\t.", "a\r\nb\nc", "\u0001\u0002.\u001f\u007f\u0085", `"\"/\\/`, "</script><!--",
			"a\u2028b\u2029c", "\ufeffmark", "\ufffd",
			"\U0010ffff\ufffe", `{"type":"ack","seq":1}`, "%", "\\u0000",
			"." + strings.Repeat("\x01", maxText-1), strings.Repeat(`"`, maxText),
		}},
	}
}
