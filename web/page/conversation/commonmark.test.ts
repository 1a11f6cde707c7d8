// CommonMark's own examples: each is shown as its specification wants it, or is listed here with the reason why not.
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { type Block, blocksOf, type Item } from './blocks.ts';
import type { Span } from './inline.ts';
import { outlineOf, outlineOfHtml } from './outline.ts';

interface Example {
  number: number;
  section: string;
  markdown: string;
  html: string;
}

const { tests: examples } = createRequire(import.meta.url)('commonmark-spec') as { tests: Example[] };

// Why an example is shown in another way, on purpose, and which ones are. Of these every letter is shown.
const differences: Record<string, number[]> = {
  'no entity is decoded: what was typed is shown': [25, 26, 27, 31, 32, 33, 34, 36, 37, 38, 39, 40, 41],
  'HTML is text': [
    21, 148, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159, 160, 161, 162, 163, 164, 165, 166, 167, 168, 169,
    170, 171, 172, 173, 174, 175, 176, 177, 178, 179, 180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 190, 191, 308,
    309, 344, 475, 476, 477, 491, 494, 524, 613, 614, 615, 616, 617, 623, 625, 626, 627, 628, 629, 630, 631, 632, 642,
    643,
  ],
  'an indent is no code: people indent for many reasons': [
    1, 2, 3, 5, 6, 7, 8, 18, 69, 85, 100, 107, 110, 111, 112, 114, 115, 116, 117, 118, 134, 225, 231, 236, 252, 253,
    254, 257, 264, 270, 271, 272, 273, 274, 278, 286, 287, 288, 289, 290, 313,
  ],
  'a definition of a link is text, and what refers to it too: nothing that was typed is hidden': [
    23, 192, 193, 194, 195, 196, 197, 198, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211, 214, 215, 216,
    217, 218, 317, 527, 528, 529, 530, 531, 532, 533, 534, 535, 536, 537, 538, 539, 540, 541, 542, 543, 544, 545, 549,
    550, 553, 554, 555, 556, 557, 558, 559, 560, 561, 562, 563, 564, 565, 566, 567, 568, 569, 570, 571, 573, 576, 577,
    582, 583, 584, 585, 586, 587, 588, 589, 591, 592, 593,
  ],
  'a line of signs below words makes no heading of them, and no rule: it may be a sum or a table': [
    58, 59, 80, 81, 82, 83, 84, 86, 88, 89, 90, 91, 95, 96, 102, 103, 105, 141, 300,
  ],
  'one # below a line of text is a comment of a script': [78],
  'a rule has no blanks in it: * * * begins a line of cron': [11, 51, 52, 53, 54, 60, 61],
  'what has no words is shown as it was typed': [
    43, 47, 48, 50, 79, 98, 126, 129, 130, 138, 144, 237, 239, 240, 280, 284, 334,
  ],
  'one line alone is no list, a plus makes none, and a mark behind a mark is text: - 5 °C, + 1, 1986. A great year': [
    57, 94, 99, 235, 255, 260, 265, 267, 268, 276, 279, 291, 292, 293, 297, 298, 299, 301, 302, 305, 322,
  ],
  'an arrow needs a blank or a letter behind it: >_< is a face, >>> is Python': [229, 251],
  'only a line with its own arrow is quoted: who answers below is not': [93, 232, 233, 238, 247, 250],
  'tildes that nothing closes are no code': [139],
  'a backslash stays where it stops nothing': [12, 14, 15, 16, 24, 76, 634, 637, 639],
  'a part of a word is not marked: 2*3*4, __init__.py': [355, 356, 364, 370, 381, 390, 396, 402, 411, 415, 416, 429],
  'two underscores mark no name of a program: __init__': [462],
  'a bracket behind an underscore begins a call or a face: _(ツ)_': [373, 377, 399],
  'one sign in plain quotes is for a shell: "*.txt"': [395],
  'one sign marks within a line: *required, and below it Name*': [405, 432, 638],
  'what is marked has as many brackets that close as open: (*f)(int* x)': [523],
  'what is marked has a letter or a picture in it': [56, 437, 438, 440, 441, 449, 450, 452, 453],
  'signs match as many signs, and more than three are a line': [
    389, 406, 408, 409, 417, 425, 426, 427, 442, 443, 445, 447, 454, 455, 456, 457, 458, 459, 464, 465, 466, 468,
  ],
  'a tick in a word is an apostrophe: it`s': [341, 525],
  'a link leads to the web or to a mailbox, or it is text': [
    22, 484, 485, 486, 487, 489, 492, 493, 495, 496, 498, 499, 500, 501, 502, 503, 504, 517, 520, 522, 578, 579, 580,
  ],
  'a link has words': [581],
  'an address is a link wherever it stands, and brackets around it stay': [
    20, 346, 480, 481, 507, 508, 511, 513, 518, 519, 526, 546, 547, 548, 551, 552, 590, 594, 595, 596, 597, 598, 599,
    600, 601, 602, 603, 604, 605, 606, 608, 611, 612,
  ],
};

const reasonFor = new Map(
  Object.entries(differences).flatMap(([reason, numbers]) => numbers.map((number) => [number, reason])),
);

/**
 * Most examples lead to /url, which is nowhere here: they are walked with an address that leads somewhere. An arrow
 * stands for a tab.
 */
const typed = (text: string) => text.replaceAll('→', '\t').replace(/\/ur[il]/g, 'https://a.example$&');

test.for(examples)('example $number, $section: $markdown', ({ number, markdown, html }) => {
  const shown = outlineOf(typed(markdown).replace(/\n$/, ''));
  const wanted = outlineOfHtml(typed(html));
  const reason = reasonFor.get(number);
  if (reason === undefined) return expect(shown).toEqual(wanted);
  expect(shown, `it is shown as the specification wants it, and need not be listed: “${reason}”`).not.toEqual(wanted);
  expect(lost(typed(markdown)), 'letters that nobody sees').toBe('');
});

/** Which letters of a text are nowhere in what is drawn of it, nor in where its links lead. */
function lost(text: string): string {
  const drawn = [...(blocksOf(text)?.map(lettersOf).join('') ?? text)];
  const left = new Map<string, number>();
  for (const letter of drawn) left.set(letter, (left.get(letter) ?? 0) + 1);
  return [...text]
    .filter((letter) => {
      const count = left.get(letter) ?? 0;
      left.set(letter, count - 1);
      return /[\p{L}\p{N}\p{S}]/u.test(letter) && !isMark.test(letter) && count < 1;
    })
    .join('');
}

const isMark = /[`~<>|=+$^]/;

function lettersOf(block: Block): string {
  switch (block.type) {
    case 'paragraph':
      return block.spans.map(lettersIn).join('');
    case 'quote':
      return block.blocks.map(lettersOf).join('');
    case 'code':
      return block.info + block.code;
    case 'list':
      return block.items.map(lettersOfItem).join('');
    case 'table':
      return [block.header, ...block.rows].flat(2).map(lettersIn).join('');
    case 'rule':
      return block.typed;
  }
}

const lettersOfItem = ({ mark, done, blocks }: Item) => mark + (done ? 'x' : '') + blocks.map(lettersOf).join('');

function lettersIn(span: Span): string {
  if (typeof span === 'string') return span;
  if (span.type === 'code') return span.text;
  const inside = span.spans.map(lettersIn).join('');
  return span.type === 'link' && !isAddress(inside) ? inside + decodeURI(span.href) + span.title : inside;
}

/** Whether a link's words are what was typed of where it leads. */
const isAddress = (words: string) => /^(?:https?:|www\.)|@/i.test(words);

test('each difference has one reason, and is an example', () => {
  const numbers = Object.values(differences).flat();
  expect(numbers.filter((number, at) => numbers.indexOf(number) !== at)).toEqual([]);
  expect(numbers.filter((number) => !examples.some((example) => example.number === number))).toEqual([]);
  expect(examples.length).toBe(652);
  expect(
    [examples.length - numbers.length, numbers.length],
    'shown the same, and not: docs/messages.md names the two numbers',
  ).toEqual([254, 398]);
});
