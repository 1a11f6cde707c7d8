// The checks on what people write, names and texts, as docs/protocol has them. The server decides; these tell a person
// at once.
import { byteLength } from './protocol.ts';

/**
 * A character that can be seen by itself: among the format characters, those that are drawn before a number. Those that
 * stand last in the first brackets have an empty shape, whatever their category, as the braille pattern of no dots.
 */
const seen =
  /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800\u{13441}\u{13442}\u{16fe4}\u{1d159}]|[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]/u;

/** What no name has. The two joiners may stand where a script needs them: that is left to the server. */
const hidden =
  /[\p{Cc}\p{Cs}\p{Co}\p{Noncharacter_Code_Point}\p{Zl}\p{Zp}\ufff9-\ufffb\u2800\u{13441}\u{13442}\u{16fe4}\u{1d159}]|(?![\u200c\u200d])\p{Default_Ignorable_Code_Point}/u;

/** Whether a text has a character that can be seen: one that has none is refused. */
export function canBeSeen(text: string): boolean {
  return seen.test(text);
}

/**
 * A user's name in the form that is compared and shown (the Nickname profile of PRECIS, RFC 8266): compatibility
 * characters are the plain ones, spaces are single and stand within. The server has the last word; `welcome` says it.
 */
export function normalName(name: string): string {
  let normal = name;
  for (let again = 0; again < 4; again++) {
    const before = normal;
    normal = normal
      .replace(/\p{Zs}+/gu, ' ')
      .replace(/^ | $/g, '')
      .normalize('NFKC');
    if (normal === before) break;
  }
  return normal;
}

/** What is wrong with a user's name, in one word, or nothing as far as can be told here. */
export function nameProblem(name: string): 'empty' | 'long' | 'characters' | 'mark' | undefined {
  const normal = normalName(name);
  if (normal === '') return 'empty';
  if (hidden.test(normal)) return 'characters';
  if (/^\p{M}/u.test(normal)) return 'mark';
  if (byteLength(normal) > 64) return 'long';
  return undefined;
}
