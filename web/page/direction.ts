// Which way a text is written: as its first letter is.

const firstLetter = /[\p{L}]/u;
const rightToLeft =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/** For a line that also holds other texts, where dir="auto" would look at the first of them. */
export function directionOf(text: string): 'ltr' | 'rtl' {
  const letter = firstLetter.exec(text)?.[0];
  return letter !== undefined && rightToLeft.test(letter) ? 'rtl' : 'ltr';
}
