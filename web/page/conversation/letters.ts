// What kind of letter stands somewhere in a text. A letter is a code point here, and '' where the text begins or ends.

export function letterAt(text: string, at: number): string {
  const point = text.codePointAt(at);
  return point === undefined ? '' : String.fromCodePoint(point);
}

export function letterBefore(text: string, at: number): string {
  const low = text.charCodeAt(at - 1);
  return low >= 0xdc00 && low <= 0xdfff ? letterAt(text, at - 2) : text.charAt(at - 1);
}

const blank = /^[\s\p{Z}\p{Cc}\p{Cf}]?$/u;
const format = /^\p{Cf}$/u;
const letter = /^[\p{L}\p{N}\p{M}]$/u;
const scripts = ['Han', 'Hiragana', 'Katakana', 'Bopomofo', 'Hangul', 'Thai', 'Lao', 'Khmer', 'Myanmar', 'Tibetan'];
const wide = new RegExp(`^[${scripts.map((script) => `\\p{scx=${script}}`).join('')}]$`, 'u');
const picture = /^[\p{Extended_Pictographic}\p{Regional_Indicator}\p{Emoji_Modifier}\ufe0f\u20e3]$/u;

const isAscii = (it: string) => it < '\x80'; // most texts are, and a pattern takes long to say what a comparison knows

/** Nothing, or nothing that can be seen. */
export const isBlank = (it: string) => (isAscii(it) ? it <= ' ' || it === '\x7f' : blank.test(it));

/** A letter or a digit, of whichever writing. */
export const isLetter = (it: string) => (isAscii(it) ? /^[a-z\d]$/i.test(it) : letter.test(it) && !picture.test(it));

/** A letter of a writing that puts no blanks between words, or words and what belongs to them. */
export const isWide = (it: string) => !isAscii(it) && isLetter(it) && wide.test(it);

/** What cannot be seen, and turns or joins what stands beside it: a mark of direction, the end of a flag. */
export const isFormat = (it: string) => !isAscii(it) && format.test(it);

/** An emoji, or a part of one. */
export const isPicture = (it: string) => !isAscii(it) && picture.test(it);
