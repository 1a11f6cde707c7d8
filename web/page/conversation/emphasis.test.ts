// What is marked stands in ⟦ ⟧, by as many signs as were typed; everything else is to be seen.
import { expect, test } from 'vitest';
import { type Span, spansOf } from './inline.ts';

const marked = (spans: Span[]): string =>
  spans
    .map((span) => {
      if (typeof span === 'string') return span;
      if (span.type === 'code') return `\`${span.text}\``;
      return span.type === 'link' ? marked(span.spans) : `⟦${marked(span.spans)}⟧`;
    })
    .join('');

test.for([
  ['**bold** *word* _word_ ~~gone~~ __two words__', '⟦bold⟧ ⟦word⟧ ⟦word⟧ ⟦gone⟧ ⟦two words⟧'],
  ['***both*** ***one** two* *a **b***', '⟦⟦both⟧⟧ ⟦⟦one⟧ two⟧ ⟦a ⟦b⟧⟧'],
  ['(**bold**) "**bold**" **bold**, *a*. _b_! *c*… *d*—*e*', '(⟦bold⟧) "⟦bold⟧" ⟦bold⟧, ⟦a⟧. ⟦b⟧! ⟦c⟧… ⟦d⟧—⟦e⟧'],
  [
    '**Note:** x **C++** **50%** **$5** *"so"* **`a*b`** *Don\'t*',
    '⟦Note:⟧ x ⟦C++⟧ ⟦50%⟧ ⟦$5⟧ ⟦"so"⟧ ⟦`a*b`⟧ ⟦Don\'t⟧',
  ],
  [
    '**注意：**请看 请**注意**了 **「引」**后 （*重点*） 这是*重点*。 使用**Go**语言',
    '⟦注意：⟧请看 请⟦注意⟧了 ⟦「引」⟧后 （⟦重点⟧） 这是⟦重点⟧。 使用⟦Go⟧语言',
  ],
  [
    '*שלום* **مرحبا** _привет_ *naïve* **한국어**는 **日本語**です',
    '⟦שלום⟧ ⟦مرحبا⟧ ⟦привет⟧ ⟦naïve⟧ ⟦한국어⟧는 ⟦日本語⟧です',
  ],
  ['👍*a*👍 **👍** 🎉**b**', '👍⟦a⟧👍 ⟦👍⟧ 🎉⟦b⟧'],
])('%s', ([text, shown]) => {
  expect(marked(spansOf(text!))).toBe(shown);
});

test.for([
  '2*3*4 2**3 a*b*c a**b**c x**2 + y**2 (a+b)**2**(c) 5 * 3 * 2 2 ** 3',
  'snake_case_name __init__ __init__.py __a__.__b__ trail_ a_b_ _lead',
  '10~~15 3~5 ~a~ ~~ a ~~ ~~~a~~~',
  '*.txt *.go *.* .*',
  'src/**/*.js lib/**/*.ts /*a*/ /** a */ **/x',
  '\'*test*\' "*test*" "_a_"',
  '*args, **kwargs int *p, *q; f(*a, *b)',
  '.*foo.* [*_~]+ \\d*x\\d*',
  '长*宽*高 价格2*3*4元 好~~ 呢~~',
  '(*^▽^*) (*T_T*) (*ノωノ*) *^_^* *_* (*・ω・*)',
  '_(ツ)_ _(:3」∠)_ _(a)_',
  '**** a **** ____ f****** *****a*****',
  '__init__.py and __main__ __file__',
  '**foo*',
  '*foo**',
  '__foo_',
  '_foo__',
  '*️⃣ a *️⃣',
  '** a ** * a * _ a _',
  'price* and tax*',
  '**Hello**World un*frigging*believable foo_bar_',
  '/etc/*_release_*',
  '*  ** *** _ __ ~ ~~',
])('%s: nothing is marked', (text) => {
  expect(marked(spansOf(text))).toBe(text);
});

// Words of other writings end in accents, signs of long vowels, emoji, and letters that nobody sees.
test.for([
  ['*हिन्दी* _বাংলা_ *தமிழ்* *తెలుగు* *ไทยนี้* *ဗမာစာ*', '⟦हिन्दी⟧ ⟦বাংলা⟧ ⟦தமிழ்⟧ ⟦తెలుగు⟧ ⟦ไทยนี้⟧ ⟦ဗမာစာ⟧'],
  ['*サーバー* *コーヒー* _ﾃﾞｰﾀ_ *ガー*です', '⟦サーバー⟧ ⟦コーヒー⟧ ⟦ﾃﾞｰﾀ⟧ ⟦ガー⟧です'],
  [
    '*Happy birthday ❤️* _👍🏽_ *1️⃣* *👨‍👩‍👧‍👦* *cafe\u0301* *שָׁלוֹם*',
    '⟦Happy birthday ❤️⟧ ⟦👍🏽⟧ ⟦1️⃣⟧ ⟦👨‍👩‍👧‍👦⟧ ⟦cafe\u0301⟧ ⟦שָׁלוֹם⟧',
  ],
  ['**🏴󠁧󠁢󠁥󠁮󠁧󠁿** *🏴󠁧󠁢󠁥󠁮󠁧󠁿* ~~🏴󠁧󠁢󠁥󠁮󠁧󠁿~~', '⟦🏴󠁧󠁢󠁥󠁮󠁧󠁿⟧ ⟦🏴󠁧󠁢󠁥󠁮󠁧󠁿⟧ ⟦🏴󠁧󠁢󠁥󠁮󠁧󠁿⟧'],
  [
    '**שלום!\u200f** *שלום\u200f* **\u2068name\u2069** *\u2068name\u2069* _\u200eok\u200e_ **می\u200cخواهم\u200c**',
    '⟦שלום!\u200f⟧ ⟦שלום\u200f⟧ ⟦\u2068name\u2069⟧ ⟦\u2068name\u2069⟧ ⟦\u200eok\u200e⟧ ⟦می\u200cخواهم\u200c⟧',
  ],
  // A slash belongs to what is marked, where no star or slash stands beside it.
  ['**/help** **https://a.example/** **/a/b** **and/or**', '⟦/help⟧ ⟦https://a.example/⟧ ⟦/a/b⟧ ⟦and/or⟧'],
  // Brackets stand in pairs within a mark, or around it; one that nothing closes counts for nothing.
  [
    '*a (b) c* (*a*) **f(x)** **[a] b** *（注）意* *happy :)* **a) first**',
    '⟦a (b) c⟧ (⟦a⟧) ⟦f(x)⟧ ⟦[a] b⟧ ⟦（注）意⟧ ⟦happy :)⟧ ⟦a) first⟧',
  ],
  [
    '**two\nlines** ~~two\nlines~~ ***two\nlines*** *one*\n*two*',
    '⟦two\nlines⟧ ⟦two\nlines⟧ ⟦⟦two\nlines⟧⟧ ⟦one⟧\n⟦two⟧',
  ],
  [
    '~~明天见~~ 好，~~明天见~~ 原价~~100~~元 原价~~100元~~80元 用~~Vue~~写 ~~a~~，b',
    '⟦明天见⟧ 好，⟦明天见⟧ 原价⟦100⟧元 原价⟦100元⟧80元 用⟦Vue⟧写 ⟦a⟧，b',
  ],
  ['*a " *b c" d* e" f* **say "so"** *"a" b "c"* *6\' 2"*', '⟦a " *b c" d⟧ e" f* ⟦say "so"⟧ ⟦"a" b "c"⟧ *6\' 2"*'],
  ['say "**bold**" \'**bold**\' “*重点*”', 'say "⟦bold⟧" \'⟦bold⟧\' “⟦重点⟧”'],
])('%s, whatever it ends in', ([text, shown]) => {
  expect(marked(spansOf(text!))).toBe(shown);
});

// A sign with the same on both sides is named, and marks nothing.
test.for([
  `c == '*' || c == "*"`,
  "while (*p == '*') p++;",
  "print(*a, sep='*')",
  'Put "**" before and "**" after',
  'the separator is "_" as in foo_',
  'use "~~" and words ~~',
  "a '*', *b and c '*'",
  '“*”表示必填，*必填 “*”',
  '「*」は必須、*名前 「*」',
  '„*“ ist Pflicht, *Name „*“',
  '«*» et *nom «*»',
  "split('_') of _a_b '_'",
  'see (*) or [*] *below (*)',
  '*a {*} b',
  '|*|*a|*|',
  '# -*- coding: utf-8 -*-',
  '_φ(･_･',
  '_〆(・_・)',
  '(・_・) _a (・_・)',
  '_( ･_･) _a',
  '(*^_^*) (^_^)_',
  '*a <*> b <*>',
  '*️⃣ a*️⃣ *b *️⃣',
])('%s: what is named marks nothing', (text) => {
  expect(marked(spansOf(text))).toBe(text);
});

test.for([
  // Sums and arguments
  '(x)**-1 + 10**-3',
  '(x)**-1 + (y)**+2',
  'a[0]**n - b[1]**-n',
  '{x}**a + {y}**{b}',
  'int (*cmp)(const void*, const void*)',
  'void (*f)(int *a), (*g)(char* b)',
  'f(*a) + g(b*)',
  '[*a] + [b*]',
  'x = {*a, b} | {c, d*}',
  'f(**a) or g(b**)',
  'qsort(v, n, sizeof *v, (int (*)(const void *, const void *))cmp)',
  'const char *a = "x*", *b = "y*";',
  'strcmp(*a, "b*") || strcmp(**a, "b**")',
  'echo "*a" b*',
  '面积=长*宽，价格*（含税）',
  '（长+宽）*高，价*（税）',
  '总价（*含税），单价*',
  '**/node_modules/** **/*.js **/a/**',
  'a/**/b/**/ /**a**/ /*a*/',
  'src/** and lib/**, **/test',
  '*姓名，*电话',
  '*必須。*任意',
  '（*一）*二',
  '*甲、*乙、*丙',
  // Lines
  '*required\nName*',
  '_required\nName_',
  '* required\nName*',
  'a *b\nc* d',
  '*a\n\\*b*c\nd*',
  // What is drawn out, and ranges
  '好的~~明天见~~',
  '谢谢~~么么哒~~',
  '哈哈😂~~晚安~~',
  '周一~~周五，早上~~晚上',
  '周一~~周三~~周五',
  '9点~~10点，14点~~15点',
  '9点~~10点 14点~~15点',
  '嗯~~好~~',
  '啊~~，真的~~',
  'はい~~また明日~~',
  '네~~ 내일 봐요~~',
  'おはよう~~ございます~~！',
])('%s: nothing is lost', (text) => {
  expect(marked(spansOf(text))).toBe(text);
});

test('a backslash is left out where it stops a mark, and stays everywhere else', () => {
  for (const [text, shown] of [
    ['\\*a\\* \\*a* *a\\* \\_b\\_ \\~~c\\~~ \\`d\\`', '*a* *a* *a* _b_ ~~c~~ `d`'],
    ['\\[a](https://b.example) [a\\](https://b.example)', '[a](https://b.example) [a](https://b.example)'],
    ['\\# a\n\\- b\n1\\. c\n\\> d\n\\---\n\\```', '# a\n- b\n1. c\n> d\n---\n```'],
    [
      'C:\\_a\\*.b \\\\s\\_t_ ¯\\_(ツ)_/¯ \\(x\\) \\[y\\] \\# \\a \\\\ \\',
      'C:\\_a\\*.b \\\\s\\_t_ ¯\\_(ツ)_/¯ \\(x\\) \\[y\\] \\# \\a \\\\ \\',
    ],
    ['2\\*3\\*4 a\\_b \\*.txt\nx \\\ny', '2\\*3\\*4 a\\_b \\*.txt\nx \\\ny'],
  ])
    expect(marked(spansOf(text!))).toBe(shown);
});
