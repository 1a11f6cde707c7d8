// What people write in the conversations that are measured: mostly short, some long, in several scripts.
const texts = [
  'Good morning!',
  'The build is green again.',
  'Who has the keys to the store room?',
  'ok',
  'I moved the meeting to three, since nobody could come at two. Say so if that is worse for you.',
  'Привет всем, я уже в дороге.',
  '明天下午三点见。',
  'نلتقي غدا في المقهى',
  '👍',
  'Thanks 🙏 that helped a lot',
  'First line\nsecond line\nand a third one',
  'It is at https://example.com/a/rather/long/address?with=parts&and=more if you want to read it.',
  'What we agreed on: the record is what counts. Whoever comes late reads it from the start, whoever was away reads on from where they stopped, and nobody has to ask.',
];

/** The text of the nth message; two that are alike are far apart. */
export function textOf(n: number): string {
  return `${texts[n % texts.length]} ${n}`;
}
