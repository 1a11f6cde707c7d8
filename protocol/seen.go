package protocol

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/rangetable"
)

// blanks are letters, symbols and marks by their category whose shape is empty: the braille pattern of no dots, two
// Egyptian blanks, the Khitan filler and the musical null notehead.
var blanks = rangetable.New(0x2800, 0x13441, 0x13442, 0x16fe4, 0x1d159)

// shapeless are all characters without a shape of their own: spaces, controls, what Unicode calls default ignorable
// (format characters, fillers, variation selectors, tags), and the blanks.
var shapeless = rangetable.Merge(unicode.Z, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point,
	unicode.Variation_Selector, blanks)

// unseen reports whether a character cannot be seen by itself. What is not assigned can be, as the box that
// stands for it, or as next year's emoji; and so can the few format characters that are drawn, like the Arabic number sign.
func unseen(r rune) bool {
	return unicode.Is(shapeless, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// canBeSeen reports whether a text has a character that can be seen. Nearly every text's first byte decides.
func canBeSeen(text string) bool {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if ' ' < c && c <= '~' {
				return true
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if !unseen(r) {
			return true
		}
		i += size
	}
	return false
}

// refuseUnseen says why a text is refused that canBeSeen is false for.
func refuseUnseen(text string) *Error {
	first, _ := utf8.DecodeRuneInString(text)
	return Errorf(CodeBadRequest, "a message's text has at least one character that can be seen: "+
		"this one has only spaces or characters without a shape, the first is %U; type something", first)
}
