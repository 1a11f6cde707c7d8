// Where a text may be cut: between what a reader sees as letters, never within an emoji or between a letter and its
// accents.

// UTF-16 units of a letter, on average: the flag of Scotland has 14; accents may be piled up without end
const maxUnits = 16;

/** Firefox has none before 125: there a letter is a code point. */
const segmenter = 'Segmenter' in Intl ? new Intl.Segmenter(undefined, { granularity: 'grapheme' }) : undefined;

/** The first letter of a name, as a reader sees it: a flag is one, and so is a letter with its accents. */
export function letterOf(name: string): string {
  return lettersOf(name.trim()).next().value?.toUpperCase() ?? '?';
}

/** As many letters of a text as asked for, with an ellipsis where there are more. */
export function shorten(text: string, letters: number): string {
  if (text.length <= letters) return text;
  const end = endOf(text, letters);
  return end < text.length ? `${text.slice(0, end)}…` : text;
}

function endOf(text: string, letters: number): number {
  let end = 0;
  let left = letters;
  for (const letter of lettersOf(text)) {
    if (left-- === 0) break;
    if (end + letter.length > letters * maxUnits) return end > 0 ? end : codePointBefore(text, letters * maxUnits);
    end += letter.length;
  }
  return end;
}

function* lettersOf(text: string): Generator<string> {
  if (!segmenter) return yield* text;
  for (const { segment } of segmenter.segment(text)) yield segment;
}

/** The last place not after `at` where a text can be cut; within a letter where that is all there is before. */
export function cutBefore(text: string, at: number): number {
  if (at >= text.length) return text.length;
  return segmenter?.segment(text).containing(at)?.index || codePointBefore(text, at);
}

function codePointBefore(text: string, at: number): number {
  return /[\ud800-\udbff]/.test(text.charAt(at - 1)) ? at - 1 : at;
}
