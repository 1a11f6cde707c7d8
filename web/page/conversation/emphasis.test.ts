// What is marked stands in ⟦ ⟧, by as many signs as were typed; everything else is to be seen.
import { expect, test } from 'vitest';
import { spansOf, type Span } from './inline.ts';

const marked = (spans: Span[]): string => spans.map((span) => {
  if (typeof span === 'string') return span;
  if (span.type === 'code') return `\`${span.text}\``;
  return span.type === 'link' ? marked(span.spans) : `⟦${marked(span.spans)}⟧`;
}).join('');

test.for([
  ['**bold** *word* _word_ ~~gone~~ __two words__', '⟦bold⟧ ⟦word⟧ ⟦word⟧ ⟦gone⟧ ⟦two words⟧'],
  ['***both*** ***one** two* *a **b***', '⟦⟦both⟧⟧ ⟦⟦one⟧ two⟧ ⟦a ⟦b⟧⟧'],
  ['(**bold**) "**bold**" **bold**, *a*. _b_! *c*… *d*—*e*', '(⟦bold⟧) "⟦bold⟧" ⟦bold⟧, ⟦a⟧. ⟦b⟧! ⟦c⟧… ⟦d⟧—⟦e⟧'],
  ['**Note:** x **C++** **50%** **$5** *"so"* **`a*b`** *Don\'t*', '⟦Note:⟧ x ⟦C++⟧ ⟦50%⟧ ⟦$5⟧ ⟦"so"⟧ ⟦`a*b`⟧ ⟦Don\'t⟧'],
  ['**注意：**请看 请**注意**了 **「引」**后 （*重点*） 这是*重点*。 使用**Go**语言', '⟦注意：⟧请看 请⟦注意⟧了 ⟦「引」⟧后 （⟦重点⟧） 这是⟦重点⟧。 使用⟦Go⟧语言'],
  ['*שלום* **مرحبا** _привет_ *naïve* **한국어**는 **日本語**です', '⟦שלום⟧ ⟦مرحبا⟧ ⟦привет⟧ ⟦naïve⟧ ⟦한국어⟧는 ⟦日本語⟧です'],
  ['👍*a*👍 **👍** 🎉**b**', '👍⟦a⟧👍 ⟦👍⟧ 🎉⟦b⟧'],
])('%s', ([text, shown]) => {
  expect(marked(spansOf(text!))).toBe(shown);
});

test.for([
  '2*3*4 2**3 a*b*c a**b**c x**2 + y**2 (a+b)**2**(c) 5 * 3 * 2 2 ** 3', 'snake_case_name __init__ __init__.py __a__.__b__ trail_ a_b_ _lead', '10~~15 3~5 ~a~ ~~ a ~~ ~~~a~~~',
  '*.txt *.go *.* .*', 'src/**/*.js lib/**/*.ts /*a*/ /** a */ **/x', "'*test*' \"*test*\" \"_a_\"", '*args, **kwargs int *p, *q; f(*a, *b)', '.*foo.* [*_~]+ \\d*x\\d*',
  '长*宽*高 价格2*3*4元 好~~ 呢~~', '(*^▽^*) (*T_T*) (*ノωノ*) *^_^* *_* (*・ω・*)', '_(ツ)_ _(:3」∠)_ _(a)_', '**** a **** ____ f****** *****a*****', '__init__.py and __main__ __file__', '**foo*', '*foo**', '__foo_', '_foo__', '*️⃣ a *️⃣', '** a ** * a * _ a _',
  'price* and tax*', '**Hello**World un*frigging*believable foo_bar_', '/etc/*_release_*', '*  ** *** _ __ ~ ~~',
])('%s: nothing is marked', (text) => {
  expect(marked(spansOf(text))).toBe(text);
});

test('a backslash is left out where it stops a mark, and stays everywhere else', () => {
  for (const [text, shown] of [
    ['\\*a\\* \\*a* *a\\* \\_b\\_ \\~~c\\~~ \\`d\\`', '*a* *a* *a* _b_ ~~c~~ `d`'],
    ['\\[a](https://b.example) [a\\](https://b.example)', '[a](https://b.example) [a](https://b.example)'],
    ['\\# a\n\\- b\n1\\. c\n\\> d\n\\---\n\\```', '# a\n- b\n1. c\n> d\n---\n```'],
    ['C:\\_a\\*.b \\\\s\\_t_ ¯\\_(ツ)_/¯ \\(x\\) \\[y\\] \\# \\a \\\\ \\', 'C:\\_a\\*.b \\\\s\\_t_ ¯\\_(ツ)_/¯ \\(x\\) \\[y\\] \\# \\a \\\\ \\'],
    ['2\\*3\\*4 a\\_b \\*.txt\nx \\\ny', '2\\*3\\*4 a\\_b \\*.txt\nx \\\ny'],
  ]) expect(marked(spansOf(text!))).toBe(shown);
});
