// Where addresses begin and end: in ⟦ ⟧.
import { expect, test } from 'vitest';
import { safeAddress } from './addresses.ts';
import { type Span, spansOf } from './inline.ts';

const marked = (spans: Span[]): string =>
  spans
    .map((span) =>
      typeof span === 'string'
        ? span
        : span.type === 'link'
          ? `⟦${marked(span.spans)}⟧`
          : span.type === 'code'
            ? span.text
            : marked(span.spans),
    )
    .join('');

test.for([
  'see ⟦https://a.example/x?y=1⟧.',
  'is it ⟦https://a.example⟧?',
  '⟦https://a.example/x⟧, and',
  '(⟦https://a.example⟧)',
  '[⟦https://a.example⟧]',
  '{⟦https://a.example/{id}⟧}',
  '"⟦https://a.example/x⟧"',
  "'⟦https://a.example/x⟧',",
  '(⟦https://a.example/b_(c)⟧)',
  '⟦https://a.example/b_(c)_d⟧',
  '⟦https://a.example/b[1]⟧',
  '<⟦https://a.example/x⟧>',
  '⟦https://a.example/x⟧…',
  '⟦https://a.example/x⟧!?',
  '⟦https://a.example/a,b;c⟧; d',
  '⟦https://a.example/~ann/⟧',
  '⟦https://a.example/x⟧~~',
  '⟦https://a.example:8443/x⟧',
  '⟦https://a.example:8443⟧:',
  '⟦http://localhost:3000⟧',
  '⟦http://127.0.0.1:8080/x⟧',
  '⟦http://[::1]:8080/x⟧',
  '⟦http://[2001:db8::1]⟧.',
  '⟦https://ann@a.example/⟧',
  '⟦HTTPS://A.example/X⟧',
  '⟦https://例え.jp⟧',
  '请看⟦https://例え.jp⟧。谢谢',
  '⟦https://a.example/路径⟧，还有',
  '（⟦https://a.example⟧）',
  '「⟦https://a.example⟧」',
  '【⟦https://a.example⟧】',
  '《⟦https://a.example⟧》',
  '“⟦https://a.example⟧”',
  '⟦https://a.example⟧；⟦https://b.example⟧！',
  '⟦https://a.example⟧请看',
  '⟦https://ja.example/wiki/レオナルド・ダ・ヴィンチ⟧',
  '⟦https://пример.рф/путь⟧',
  '⟦https://مثال.إختبار/صفحة⟧؟',
  '⟦https://a.example/पथ⟧।',
  '⟦https://a.example/می‌خواهم⟧،',
  '⟦https://a.example/é⟧',
  '⟦https://a.example⟧🎉',
  '⟦https://a.example/🎉⟧',
  '⟦https://a.example/x⟧—y',
  '⟦https://a.example/x⟧\u200b',
  '⟦https://a.example/,b⟧,⟦https://b.example⟧',
  '⟦www.a.example/x⟧.',
  '⟦ann@a.example⟧,',
  '<⟦ann.b+c@a.example⟧>',
  'Mail:⟦ann@a.example⟧。',
  'mailto:⟦ann@a.example⟧',
  '请联系⟦ann@a.example⟧谢谢',
  '<img src="https://a.example/x.png">',
  '<a class="b" href=https://a.example>',
  'git@a.example:team/x.git',
  'xhttp://a.example',
  'http://',
  'https://.',
  'http:// a.example',
  'ann@localhost',
  '@ann',
  'npm@1.2.3',
  'a@b',
  'www.',
  'http\\://a.example',
  'ftp://a.example',
  'javascript:alert(1)',
  'a.example/x',
  'https://[:::1',
])('%s', (text) => {
  const bare = text.replace(/[⟦⟧]/g, '');
  expect(marked(spansOf(bare))).toBe(text);
});

// Of a mailbox, all or nothing: a part of it is another person's.
test.for([
  'müller@a.example',
  'Ærø@a.example',
  'иван@a.example',
  'élodie.é.b@a.example',
  "o'brien@a.example",
  'o’brien@a.example',
  'bounce+ann=b.example@a.example',
  'r&d@a.example',
  'from=ann@a.example',
  'x~ann@a.example',
  'a#ann@a.example',
  '_ann@a.example',
  'ann@ä.example',
  'info@shop.grünwald.example',
  'info@a.exämple',
  'ann@a.example.рф',
  'ann@a.example.例え',
  'ann@a.exampleé',
  'ann@a.example@b.example',
  'ann@हिन्दी.a.example',
  'हिन्दीann@a.example',
])('%s is no mailbox that a link may lead to', (text) => {
  expect(spansOf(text)).toEqual([text]);
});

// Who is named before the @ of an address is no host.
test.for([
  'https://bank.example@evil.example',
  'https://bank.example:443@evil.example/x',
  'http://www.bank.example&x@evil.example',
  'https://bank%2eexample@evil.example',
  '<https://bank.example@evil.example/x>',
])('%s leads to another place than it says, and is no link', (text) => {
  expect(spansOf(text)).toEqual([text]);
});

test.for([
  "'⟦ann@a.example⟧'",
  '&⟦ann@a.example⟧',
  '=⟦ann@a.example⟧',
  "sagt '⟦ann@a.example⟧'",
  '写信给⟦ann@a.example⟧吧',
  'メール⟦ann@a.example⟧へ',
  'อีเมล⟦ann@a.example⟧ครับ',
  '«⟦ann@a.example⟧»',
  '—⟦ann@a.example⟧—',
  '⟦ann@a.example⟧, ⟦bob@b.example⟧;⟦c@c.example⟧',
  // What is in a query stays in it.
  '⟦https://a.example/w/api.php?action=query&titles=A|B⟧ x',
  '⟦https://a.example/?q=a^b⟧',
  '⟦https://a.example/?q=a`b⟧.',
  '⟦https://a.example/?q=x⟧| y',
  '⟦https://a.example/?q=x⟧` y',
  '⟦https://a.example/?a=1⟧|⟦https://b.example/?b=2⟧',
  '⟦https://a.example/x⟧|y',
  '⟦https://a.example/x⟧^2',
  // The last sign is the address's own, unless it ends what one like it began.
  '⟦https://a.example/abc_def12_⟧',
  '⟦https://a.example/abc_def12_⟧ and',
  '⟦https://a.example/watch?v=__a__⟧.',
  'snake_case ⟦https://a.example/x_⟧',
  'foo_ ⟦https://a.example/x_⟧',
  '⟦https://a.example⟧_',
  // Two addresses, and not one that leads to the second.
  '⟦https://a.example⟧,⟦ann@b.example⟧',
  '⟦https://a.example⟧;⟦ann@b.example⟧',
  '⟦https://a.example⟧,⟦https://b.example⟧',
  '⟦https://ann:secret@a.example/x⟧',
  '⟦https://a.example/x⟧·⟦https://b.example/y⟧',
  '・⟦https://a.example/x⟧・⟦https://b.example/y⟧',
  // What closes before Chinese words is not the address's; within a word it is.
  '看‘⟦https://a.example/x⟧’好',
  '看‘见⟦https://a.example/x⟧’好',
  '⟦https://a.example/L’Été⟧',
  '⟦https://a.example/_好_⟧',
  '⟦https://a.example/~好⟧',
  '⟦https://a.example/a*b**c⟧',
])('%s, and no further', (text) => {
  expect(marked(spansOf(text.replace(/[⟦⟧]/g, '')))).toBe(text);
});

test.for([
  ['_https://a.example_', '⟦https://a.example⟧'],
  ['_https://a.example/x_', '⟦https://a.example/x⟧'],
  ['__https://a.example/x_y__', '⟦https://a.example/x_y⟧'],
  ['_see https://a.example/x_', 'see ⟦https://a.example/x⟧'],
  ['(_https://a.example/x_)', '(⟦https://a.example/x⟧)'],
  ['*_https://a.example/x_*', '⟦https://a.example/x⟧'],
  ['*https://a.example/x*', '⟦https://a.example/x⟧'],
  ['_a_ https://a.example/x_', 'a ⟦https://a.example/x_⟧'],
  ['**https://a.example/x**请看', '⟦https://a.example/x⟧请看'],
  ['*https://a.example/x*请看', '⟦https://a.example/x⟧请看'],
  ['**看https://a.example/x**请看', '看⟦https://a.example/x⟧请看'],
  ['_https://a.example/x_请看', '⟦https://a.example/x⟧请看'],
  ['请看**https://a.example/x**和**Go**', '请看⟦https://a.example/x⟧和Go'],
  ['**_a_** https://a.example/x_', 'a ⟦https://a.example/x_⟧'],
  ['**ann@a.example**', '⟦ann@a.example⟧'],
])('%s is marked, and leads where it says', ([text, shown]) => {
  expect(marked(spansOf(text!))).toBe(shown);
});

test('an address leads where it says', () => {
  const href = (text: string) =>
    spansOf(text).flatMap((span) => (typeof span === 'object' && span.type === 'link' ? [span.href] : []));
  expect(href('https://例え.jp/路?x=1&amp;y')).toEqual(['https://xn--r8jz45g.jp/%E8%B7%AF?x=1&amp;y']);
  expect(href('www.a.example and ann@a.example')).toEqual(['http://www.a.example/', 'mailto:ann@a.example']);
  expect(href('[x](<https://a.example/b c> "t") ![y](https://b.example)')).toEqual([
    'https://a.example/b%20c',
    'https://b.example/',
  ]);
});

test('the words of a link are what was typed', () => {
  expect(marked(spansOf('[**b** `c` https://a.example](https://a.example "why") d'))).toBe('⟦b c https://a.example⟧ d');
  expect(marked(spansOf('[![badge](https://i.example/x.svg)](https://b.example)'))).toBe('⟦badge⟧');
  expect(marked(spansOf('[](https://b.example) [ ](https://b.example)'))).toBe(
    '[](⟦https://b.example⟧) [ ](⟦https://b.example⟧)',
  );
});

// Words that are an address lead there, or the link is shown as it was typed, and each address leads where it says.
test.for([
  ['[https://bank.example](https://evil.example)', '[⟦https://bank.example⟧](⟦https://evil.example⟧)'],
  [
    '[https://bank.example/login](<https://evil.example/login> "https://bank.example")',
    '[⟦https://bank.example/login⟧](<⟦https://evil.example/login⟧> "⟦https://bank.example⟧")',
  ],
  ['[**https://bank.example**](https://evil.example)', '[⟦https://bank.example⟧](⟦https://evil.example⟧)'],
  ['[`https://bank.example`](https://evil.example)', '[https://bank.example](⟦https://evil.example⟧)'],
  ['[Go to https://bank.example!](https://evil.example)', '[Go to ⟦https://bank.example⟧!](⟦https://evil.example⟧)'],
  ['[www.bank.example](https://evil.example)', '[⟦www.bank.example⟧](⟦https://evil.example⟧)'],
  [
    '[https://bank.example](https://bank.example.evil.example)',
    '[⟦https://bank.example⟧](⟦https://bank.example.evil.example⟧)',
  ],
  ['[https://bank.example:444](https://bank.example)', '[⟦https://bank.example:444⟧](⟦https://bank.example⟧)'],
  ['[ann@bank.example](mailto:eve@evil.example)', '[⟦ann@bank.example⟧](mailto:⟦eve@evil.example⟧)'],
  ['[ann@bank.example](mailto:eve@bank.example)', '[⟦ann@bank.example⟧](mailto:⟦eve@bank.example⟧)'],
  ['![https://bank.example](https://evil.example)', '![⟦https://bank.example⟧](⟦https://evil.example⟧)'],
  [
    '[[https://bank.example](https://evil.example)](https://a.example)',
    '[[⟦https://bank.example⟧](⟦https://evil.example⟧)](⟦https://a.example⟧)',
  ],
  [
    '![[https://bank.example](https://evil.example)](https://a.example)',
    '![[⟦https://bank.example⟧](⟦https://evil.example⟧)](⟦https://a.example⟧)',
  ],
  [
    '[https://a.example](https://a.example) [www.a.example](http://a.example) [http://b.example](https://www.b.example)',
    '⟦https://a.example⟧ ⟦www.a.example⟧ ⟦http://b.example⟧',
  ],
  [
    '[ann@a.example](mailto:ann@a.example?subject=x) [ann@a.example](https://a.example/people)',
    '⟦ann@a.example⟧ ⟦ann@a.example⟧',
  ],
  ['[README.md](https://a.example) [a.b](https://c.example) [@ann](https://d.example)', '⟦README.md⟧ ⟦a.b⟧ ⟦@ann⟧'],
])('%s leads where it says', ([text, shown]) => {
  expect(marked(spansOf(text!))).toBe(shown);
});

test.for([
  ['Wow![here](https://a.example)', 'Wow!⟦here⟧'],
  ['Wow!![here](https://a.example)', 'Wow!!⟦here⟧'],
  ['really?![here](https://a.example)', 'really?!⟦here⟧'],
  ['看![这里](https://a.example)', '看!⟦这里⟧'],
  ['2![here](https://a.example)', '2!⟦here⟧'],
  ['🎉![here](https://a.example)', '🎉!⟦here⟧'],
  ['a ![here](https://a.example)', 'a ⟦here⟧'],
  ['![a](https://a.example)![b](https://b.example)', '⟦a⟧⟦b⟧'],
  ['(![a](https://a.example))', '(⟦a⟧)'],
  ['**![a](https://a.example)**', '⟦a⟧'],
  ['看！![这里](https://a.example)', '看！⟦这里⟧'],
  ['Wow![here', 'Wow![here'],
  ['a\\![b](https://b.example)', 'a\\!⟦b⟧'],
])('%s is a link, and an exclamation where one was made', ([text, shown]) => {
  expect(marked(spansOf(text!))).toBe(shown);
});

test('only whole addresses are safe', () => {
  expect(safeAddress('https://a.example')).toBe('https://a.example/');
  expect(safeAddress('HTTPS://A.example')).toBe('https://a.example/');
  expect(safeAddress('//a.example')).toBeUndefined();
  expect(safeAddress(' javascript:alert(1)')).toBeUndefined();
});
