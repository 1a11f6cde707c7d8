// A conversation as three people have it, in several languages and with all that a message can hold.
import type { Server } from '../test/server.ts';

const lines: [from: string, text: string][] = [
  ['zoe', 'Good morning! The release is at three. What is still open?'],
  ['bob', 'Only the resume after a long night. I have it here:'],
  ['bob', '```go\nfor seq := cursor + 1; seq <= last; seq++ {\n\tsend(record.At(seq)) // no gap, no repeat\n}\n```'],
  ['zoe', 'That is **all**? See `cursor.go`, and https://example.com/promises#5 👏'],
  ['bob', '它现在从记录中读取,一条也不会丢。'],
  ['zoe', 'ممتاز! هذا بالضبط ما كنا نحتاجه قبل الإصدار.'],
  ['bob', 'תודה, נתראה בשלוש ☕️'],
  ['zoe', '- say it to the others\n- tag it\n- cake 🎂'],
];

/** Fills the lobby, and a few conversations beside it. */
export async function lively(server: Server): Promise<void> {
  for (const beside of ['kitchen', 'release-3', 'support']) await server.post(beside, 'bob', 'Hello');
  for (const [from, text] of lines) await server.post('lobby', from, text);
}
