// What becomes of a text: which elements, and which words.
import type { VNode } from 'preact';
import { expect, test } from 'vitest';
import { blocksOf, wholeCode } from './blocks.ts';
import { shape, words } from './drawn.ts';
import { isEmojiOnly, plainOf } from './markdown.ts';
import { Markdown } from './markdown.tsx';

const drawn = (text: string) => JSON.stringify((Markdown({ text }) as VNode<{ children: unknown }>).props.children);

/** Every name of an element in a shape. */
const names = (text: string) => [...JSON.stringify(shape(text)).matchAll(/\["([a-zA-Z]+)/g)].map((match) => match[1]);

test('what people write most', () => {
  expect(shape('**bold** _it_ ~~gone~~ `x < y`')).toEqual([
    ['p', ['strong', 'bold'], ' ', ['em', 'it'], ' ', ['del', 'gone'], ' ', ['code', 'x < y']],
  ]);
  expect(shape('> said\n\n- one\n- two')).toEqual([
    ['blockquote', ['p', 'said']],
    ['ul', ['li', ['span', 'one']], ['li', ['span', 'two']]],
  ]);
  expect(shape('- [x] done\n- [ ] open')).toEqual([
    ['ul', ['li', ['span'], ['span', 'done']], ['li', ['span'], ['span', 'open']]],
  ]);
  expect(shape('|a|b|\n|-|-|\n|1|2|')).toEqual([
    ['div', ['table', ['thead', ['tr', ['th', 'a'], ['th', 'b']]], ['tbody', ['tr', ['td', '1'], ['td', '2']]]]],
  ]);
  expect(shape('```go\nfunc\n```')).toEqual([['CodeBlock', 'func']]);
  expect(shape('# Title')).toEqual([['p', 'Title']]); // not a heading of the page's
});

test('lines and indents stay as they were typed', () => {
  expect(shape('one\n  two\nthree  \nfour')).toEqual([['p', 'one\n  two\nthree  \nfour']]);
  expect(shape('    not code')).toEqual([['p', '    not code']]);
});

test('raw HTML is text, to the letter', () => {
  for (const text of [
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<b>hi</b> there',
    '<!-- c -->',
    '<a href="javascript:x">y</a>',
    '<svg onload=x>',
    '&lt;b&gt;',
  ]) {
    expect(shape(text).flat(9).join('')).toContain(text);
    expect(names(text)).toEqual(['p']);
  }
});

test('a link leads to the web or to a mailbox, or it is text', () => {
  expect(shape('see https://a.example/x?y=1.')).toEqual([
    ['p', 'see ', ['a https://a.example/x?y=1', 'https://a.example/x?y=1'], '.'],
  ]);
  expect(shape('[words](http://a.example)')).toEqual([['p', ['a http://a.example/', 'words']]]);
  // the brackets were typed
  expect(shape('Ann <ann@a.example>')).toEqual([['p', 'Ann <', ['a mailto:ann@a.example', 'ann@a.example'], '>']]);
  for (const bad of [
    '[x](javascript:alert(1))',
    '[x](JaVaScript:alert)',
    '[x](data:text/html,y)',
    '[x](/relative)',
    '[x](vbscript:y)',
    '[x](#z)',
    '[x](file:///etc)',
    '[x](blob:http://a/b)',
    '[x](java\tscript:alert)',
  ]) {
    expect(words(bad), bad).toEqual([bad]);
    expect(JSON.stringify(shape(bad))).not.toMatch(/"a (?!http:\/\/)/); // an address within may be one
  }
});

test('the hint of a link begins with its address, whatever its author wrote beside it', () => {
  const hint = (text: string) => /"title":"([^"]*)"/.exec(drawn(text))?.[1];
  expect(hint('[bank](https://evil.example "http://b.example")')).toBe('https://evil.example/ · http://b.example');
  expect(hint('[bank](https://evil.example "\u202eelpmaxe")')).toBe('https://evil.example/ · \u202eelpmaxe');
  expect(hint(`[bank](https://evil.example "${'x'.repeat(500)}")`)).toMatch(/^https:\/\/evil\.example\/ · x+$/);
  expect(hint('[bank](https://a.example)')).toBe('https://a.example/');
});

test('an image is a link, and never loaded', () => {
  expect(shape('![cat](https://a.example/cat.png)')).toEqual([['p', ['a https://a.example/cat.png', 'cat']]]);
  expect(shape('![cat](data:image/png;base64,x)')).toEqual([['p', '![cat](data:image/png;base64,x)']]);
});

test('no text makes an element that is not on the list', () => {
  const allowed = new Set([
    'p',
    'strong',
    'em',
    'del',
    'code',
    'a',
    'ul',
    'ol',
    'li',
    'span',
    'blockquote',
    'hr',
    'div',
    'table',
    'thead',
    'tbody',
    'tr',
    'th',
    'td',
    'CodeBlock',
  ]);
  const pieces = [
    '<b>',
    '</b>',
    '[a](',
    'http://x.y',
    ')',
    '**',
    '_',
    '`',
    '\n',
    '> ',
    '- ',
    '1. ',
    '|',
    '|-|-|',
    '```',
    '![',
    ']',
    '<!--',
    '&amp;',
    '# ',
    '[x]: /y "z"',
    '~~',
    '\\',
    '<http://a>',
    '<script',
    '    ',
    'word',
    '\u202e',
    '😀',
  ];
  let seed = 1;
  const next = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 2_000; round++) {
    const text = Array.from({ length: 1 + next(24) }, () => pieces[next(pieces.length)]).join('');
    for (const name of names(text))
      if (name !== undefined && /^[a-z]+$/.test(name) && !allowed.has(name))
        expect.unreachable(`${name} in ${JSON.stringify(text)}`);
  }
});

test.for([
  '> <',
  '>D',
  '>XD',
  '> ^ <',
  '> ?',
  '> ...',
  '>D\nreally',
  '>.<\n>_<\n>w<',
  '>:( no\n>:D',
  '( >_<)\n > <',
  'a\n > b',
  ' /\\_/\\\n( o.o )\n > ^ <',
  'docker logs app \\\n  > out.txt',
  'cat <<EOF \\\n > a\n  > b\nEOF',
  '<a\n  href="x"\n  >text</a',
  '<div\n  class="a"\n  >text',
])('%j quotes nothing, and its arrows are seen', (text) => {
  expect(shape(text)).toEqual([['p', text]]);
});

test.for([
  ['>Hello\n>"World"\n>42', [['p', 'Hello\n"World"\n42']]],
  ['> a\n>(b)\n>- c', [['p', 'a\n(b)\n- c']]],
  ['>Hello\n>*World*', [['p', 'Hello\n', ['em', 'World']]]],
  ['>你好\n>“世界”\n>……', [['p', '你好\n“世界”\n……']]],
  ['> 5 years', [['p', '5 years']]],
  ['> 👍', [['p', '👍']]],
  ['>OK then', [['p', 'OK then']]],
  ['>a\n  > b', [['p', 'a\nb']]],
  [
    '> a\n> > b',
    [
      ['p', 'a'],
      ['blockquote', ['p', 'b']],
    ],
  ],
] as [string, unknown[]][])('%j is a quotation', ([text, inside]) => {
  expect(shape(text)).toEqual([['blockquote', ...inside]]);
});

test('a face below a quotation is none of it, and neither is who answers', () => {
  expect(shape('> said\n>_<')).toEqual([
    ['blockquote', ['p', 'said']],
    ['p', '>_<'],
  ]);
  expect(shape('>Hello\n>D')).toEqual([
    ['blockquote', ['p', 'Hello']],
    ['p', '>D'],
  ]);
  expect(shape('>Hello\n>:(\nno')).toEqual([
    ['blockquote', ['p', 'Hello']],
    ['p', '>:(\nno'],
  ]);
});

test('tasks that have numbers keep them, whatever the numbers are', () => {
  const task = (mark: string, words: string) => ['li', ['span', `${mark} `], ['span'], ['span', words]];
  expect(shape('1. [ ] buy\n2. [x] pay')).toEqual([['ol', task('1.', 'buy'), task('2.', 'pay')]]);
  expect(shape('3) [ ] buy\n7) [x] pay')).toEqual([['ol', task('3)', 'buy'), task('7)', 'pay')]]);
  expect(shape('1. [x] pay\n2. rest')).toEqual([['ol', task('1.', 'pay'), ['li', ['span', '2. '], ['span', 'rest']]]]);
  expect(blocksOf('1. [ ] buy\n2. [x] pay')).toMatchObject([{ marks: 'typed' }]);
});

test('what stands behind the ticks is code too, unless it is a language', () => {
  const copied = (text: string) => blocksOf(text)?.map((block) => block.type === 'code' && wholeCode(block));
  for (const [text, code] of [
    ['```go\nfunc f()\n```', 'func f()'],
    ['```\nls\n```', 'ls'],
    ['```\nls', 'ls'],
    ['~~~c++\nint i;\n~~~', 'int i;'],
    ['```git add .\ngit push\n```', 'git add .\ngit push'],
    ['```npm i\nnpm test', 'npm i\nnpm test'],
    ['```SELECT\n* FROM t```', 'SELECT\n* FROM t'],
    ['```\na\nb```', 'a\nb'],
    ['```a\n\n  b ```  ', 'a\n\n  b '],
    ['```a\nb`', 'a\nb`'],
    ['```a\nb````', 'a\nb````'],
    ['```a\nb```\n```', 'b```'],
  ]) {
    expect(copied(text!), text).toEqual([code]);
    expect(plainOf(text!), text).toBe(code!.replace(/\s+/g, ' ').trim());
  }
});

test('ticks at the end of a line end code where no line of ticks does, and what is below is read', () => {
  expect(shape('```SELECT\n* FROM t```\nis **it**')).toEqual([
    ['CodeBlock', '* FROM t'],
    ['p', 'is ', ['strong', 'it']],
  ]);
  expect(shape('```\na```\n\n> b')).toEqual([
    ['CodeBlock', 'a'],
    ['blockquote', ['p', 'b']],
  ]);
  expect(shape('> ```a\n> b```\n> c')).toEqual([['blockquote', ['CodeBlock', 'b'], ['p', 'c']]]);
  expect(shape('~~~\na~~~\nb\n~~~\nc')).toEqual([
    ['CodeBlock', 'a~~~\nb'],
    ['p', 'c'],
  ]);
  expect(shape('```\na```\nb\n```\nc')).toEqual([
    ['CodeBlock', 'a```\nb'],
    ['p', 'c'],
  ]);
});

const size = 16_000; // bytes, nearly the most that a message may have

/** Texts that would be slow to read, were something in them looked at over and over. */
function nastyOf(size: number): Record<string, string> {
  const fill = (piece: string) => piece.repeat(Math.floor(size / piece.length));
  const half = (piece: string) => fill(piece).slice(0, size / 2);
  const many = Math.floor(Math.sqrt(2 * size)) - 8; // rows, each one longer than the last
  const rows = (row: (count: number) => string) => Array.from({ length: many }, (_, count) => row(count));
  return {
    'quotes in quotes': fill('>'),
    'quotes with spaces': `${fill('> ')}a`,
    'lists in lists': `${fill('- ')}a`,
    'lists in quotes': fill('>- '),
    'deeper and deeper lists': rows((depth) => `${' '.repeat(depth)}- a`).join('\n'),
    items: fill('- a\n'),
    numbers: fill('1. '),
    'blanks before a mark': `${' '.repeat(size)}- a`,
    'blanks in a heading': `# ${' '.repeat(size)}#a`,
    'signs of a heading': `# ${fill('# ')}a`,
    tabs: fill('\t- '),
    rules: fill('---\n'),
    paragraphs: fill('a\n\n'),
    'empty paragraphs': fill('> a\n\n'),
    definitions: fill('[a]: b\n'),
    fences: fill('```\n'),
    'ticks at ends of lines': fill('```a\na```\n'),
    tildes: fill('~~~a\n'),
    spaces: `a${' '.repeat(size)}b`,
    'arrows and faces': fill('> a\n>_<\n'),

    tables: `${half('|a')}|\n${half('|-')}|\n`,
    'tables that are none': fill('||\n|-|\n'),
    'one table': `|a|\n|-|\n${fill('|b|\n')}`,
    'dashes of a table': `a|\n${fill('-')}`,
    'bars of a table': `a|\n${fill('-|')}!`,
    'blanks before a bar': `a|b\n${' '.repeat(size)}x|`,
    'blanks between bars': `a|b\n|${' '.repeat(size)}x|`,
    'blanks behind dashes': `a|b\n-${' '.repeat(size)}x|`,

    stars: `${fill('*')}a`,
    'stars and words': fill('*a '),
    'emphasis that nests': half('*a ') + half('b* '),
    'mixed emphasis': fill('*a_ '),
    underscores: fill('_a'),
    strikes: fill('~a~~b~'),
    punctuation: fill('a*.'),
    'ends that end nothing': fill('a* '),
    'twos and ones': half('**a ') + half('b* '),
    faces: fill('(*T_T*) '),
    'escaped signs': fill('\\*a'),
    'escapes at line ends': fill('\\\n'),
    'brackets and stars': half('*a (') + half('b*) '),
    'brackets that nothing closes': half('*a (') + half('b* '),
    'quoted stars': fill('"*"a* '),
    'strikes that touch words': fill('a~~注'),
    'strikes around a word': half('注~~a') + half('a~~注'),
    'invisible signs': half('*\u200f') + half('a\u200f*'),
    'many invisible signs': `*${'\u200f'.repeat(size / 2)}a${'\u200f'.repeat(size / 2)}*`,
    'lines of stars': fill('*a\n'),
    accents: `a${'\u0301'.repeat(size / 2)}`,

    ticks: rows((count) => `${'`'.repeat(count)} a`).join(''),
    'ticks and words': fill('`a'),
    'tags that never end': fill('<a '),

    brackets: fill('['),
    'links that never end': fill('[a]('),
    'images in images': fill('!['),
    'backslashes in brackets': fill('[\\'),
    'links with marks': fill('[*a*](http://b) '),
    'words for a link': fill('[a](http://b "'),
    'links that lie': fill('[http://a](http://b) '),
    'links behind brackets': half('[') + half('[a](http://b)'),
    'pictures in pictures': half('![') + half('](http://b)'),
    'addresses in pictures': `${half('![')}http://a/${half('](http://b)')}`,

    'addresses in addresses': fill('http://'),
    'hosts without an end': `http://${fill('a.')}`,
    'hosts of letters': `http://${fill('a')}注`,
    'hosts of underscores': `http://a${fill('_')}`,
    'brackets in an address': `http://a/${fill('(')}`,
    angles: fill('<http://a'),
    www: fill('www.'),
    'hosts that are none': fill('http://[:::]/='),
    'ports that are none': fill('http://a:99999/='),
    'names that are hosts': fill('http://a.b@c/='),
    'numbers that are no hosts': fill('http://256.256.256.256/='),
    'hosts of dots': fill('https://a..b/;'),
    attributes: fill('<a href="http://a/'),
    'one long address': `http://a.b/${fill('a')}`,
    'signs behind an address': `http://a.b/${fill('!')}`,
    mailboxes: fill('a@b.c '),
    'mailboxes that are none': fill('ann@b.example='),
    'a mailbox that never ends': `${fill('a.')}@`,
    'words without an end': `${'a'.repeat(size)}@`,
  };
}

/** How often somebody looks at a text while it is read: calls of what finds or takes a part of it. */
function looksAt(text: string): number {
  let looks = 0;
  const counted = (of: object, names: string[]) =>
    names.map((name) => {
      const real = Reflect.get(of, name) as (...all: unknown[]) => unknown;
      Reflect.set(of, name, function (this: unknown, ...all: unknown[]) {
        looks++;
        return real.apply(this, all);
      });
      return () => Reflect.set(of, name, real);
    });
  const ofText = counted(String.prototype, ['charAt', 'codePointAt', 'charCodeAt', 'slice', 'startsWith', 'trim']);
  const undo = [...counted(RegExp.prototype, ['exec', 'test']), ...ofText];
  try {
    blocksOf(text);
    return looks;
  } finally {
    for (const each of undo) each();
  }
}

const maxLooks = 300; // for each letter; where links never end about 100, otherwise about 10

test.for(Object.entries(nastyOf(size)))('16 kB of %s are read in time that grows with the length', ([name, text]) => {
  expect(looksAt(text)).toBeLessThan(maxLooks * text.length);
  const blocks = blocksOf(text);
  if (blocks)
    expect(
      words(text)
        .join('')
        .replace(/[^a-z]/g, '').length,
    ).toBeLessThanOrEqual(text.length);
  if (process.env.VERBATIM_QUIET) expectNoSquare(text, nastyOf(size / 4)[name]!); // `make drills`
});

/** What patterns look at cannot be counted. Four times the text takes about four times as long; a square takes 16. */
function expectNoSquare(text: string, quarter: string): void {
  const time = (of: string) =>
    Math.min(
      ...Array.from({ length: 5 }, () => {
        const before = process.cpuUsage();
        plainOf(of);
        const { user, system } = process.cpuUsage(before);
        return (user + system) / 1_000;
      }),
    );
  expect(time(text)).toBeLessThan(Math.max(100, 8 * time(quarter))); // ms of the processor; below 100 nobody waits
}

test('what people really write is within the bounds', () => {
  const long = Array.from(
    { length: 60 },
    (_, n) =>
      `Paragraph ${n} with **some** words, a [link](https://a.example/${n}) and \`code\`. ${'More of it. '.repeat(12)}`,
  ).join('\n\n');
  expect(long.length).toBeGreaterThan(12_000);
  expect(blocksOf(long)).toBeDefined();
  expect(blocksOf(`> ${'> '.repeat(6)}quoted by many\n\n${'  '.repeat(8)}- deep`)).toBeDefined();
  expect(blocksOf('word '.repeat(800))).toBeDefined(); // one paragraph of 4,000 letters
});

test('a list stands on the side where its words begin, whatever its boxes are', () => {
  const side = (text: string) => /"dir":"(ltr|rtl)"/.exec(drawn(text))?.[1];
  for (const text of ['- a\n- b', '- [x] a', '1. [x] a\n2. אלף']) expect(side(text), text).toBe('ltr');
  for (const text of ['- אלף\n- בית', '- [x] אלף\n- b', '1. [x] אלף\n2. b', '- 1\n- אלף'])
    expect(side(text), text).toBe('rtl');
});

test('emoji are large only where they are alone and few', () => {
  for (const text of ['😀', '👍🏽 👩‍👩‍👧', '🇩🇪', '❤️', '1️⃣']) expect(isEmojiOnly(text), text).toBe(true);
  for (const text of ['', ' ', '1', '#', 'hi 😀', '😀'.repeat(30)]) expect(isEmojiOnly(text), text).toBe(false);
});

test('a quote of a message has its words without the marks', () => {
  expect(plainOf('# T\n\n**a** `b` [c](https://d.example)\n\n- e\n- f\n\n|g|h|\n|-|-|\n|i|j|')).toBe(
    'T a b c - e - f g h i j',
  );
  expect(plainOf('```go\nfunc f()\n```')).toBe('func f()');
  expect(plainOf('<b>x</b>')).toBe('<b>x</b>');
  expect(plainOf('> '.repeat(8_000))).toMatch(/^> >/);
});

test('a table has the cells that were typed, or is text', () => {
  const cells = (text: string) =>
    JSON.stringify(shape(text))
      .match(/"t[hd]"[^\]]*/g)
      ?.map((cell) => cell.replace(/"t[hd]",?|"/g, '')) ?? words(text);
  expect(cells('a | b\n--|--\n1 | 2')).toEqual(['a', 'b', '1', '2']);
  expect(cells('| a | b |\n|:-:|---:|\n| 1 |')).toEqual(['a', 'b', '1', '']);
  expect(cells('|a||b|\n|-|-|-|\n||x\\|y||')).toEqual(['a', '', 'b', '', 'x|y', '']);
  expect(cells('above\n|a|\n|-|\n|1|')).toEqual(['a', '1']);
  expect(cells('|a|\n|-|\n|1|2|')).toEqual(['|a|', '|-|', '|1|2|']);
  expect(cells('a|b\n-+-\n1|2')).toEqual(['a|b', '-+-', '1|2']);
});
