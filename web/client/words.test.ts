// The cases of protocol/testdata, which the server's own tests read too: neither side can drift alone.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { canBeSeen, nameProblem, normalName } from './words.ts';

const read = <T>(file: string) =>
  JSON.parse(readFileSync(new URL(`../../protocol/testdata/${file}`, import.meta.url), 'utf8')) as T[];
const names = read<{ raw: string; name?: string; refused?: string }>('names.json');
const texts = read<{ text: string; seen: boolean }>('texts.json');

/** What PRECIS alone decides: by Unicode's tables and the letters beside a character. The server says it. */
const leftToTheServer = /^U\+(200C|200D|00B7|0378)$/;

test.for(names.filter(({ name }) => name !== undefined))(
  'the name $raw has the normal form that the server gives it',
  ({ raw, name }) => {
    expect(nameProblem(raw)).toBeUndefined();
    expect(normalName(raw)).toBe(name);
    expect(normalName(name!)).toBe(name);
  },
);

test.for(names.filter(({ refused }) => refused !== undefined && !leftToTheServer.test(refused)))(
  'the name $raw is told to be wrong before it is sent',
  ({ raw }) => {
    expect(nameProblem(raw)).toBeDefined();
  },
);

test('what is wrong with a name is said in one word', () => {
  expect(nameProblem(' \u3000')).toBe('empty');
  expect(nameProblem('🙂'.repeat(17))).toBe('long'); // 68 bytes
  expect(nameProblem('ann\u200b')).toBe('characters');
  expect(nameProblem('\u0301ann')).toBe('mark');
});

test.for(texts)('$text can be seen: $seen', ({ text, seen }) => {
  expect(canBeSeen(text)).toBe(seen);
});
