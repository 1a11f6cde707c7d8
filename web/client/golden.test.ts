// The frames of the contract, byte for byte, as the server's own tests read them: neither side can drift alone.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { People } from './people.ts';
import type { Entry, Limits, ServerFrame, Welcome } from './protocol.ts';
import { Timeline } from './timeline.ts';

type FieldsOf<T extends string> = { [F in ServerFrame as F['type'] extends T ? keyof F & string : never]: true };
type Known = { [T in ServerFrame['type']]: (keyof FieldsOf<T>)[] };

/** What each type of frame may carry. The compiler checks that protocol.ts has every one of these. */
const known: Known = {
  welcome: ['session', 'user', 'name', 'version', 'now', 'expires', 'limits'],
  joined: ['conversation', 'log', 'first', 'last', 'sum', 'read', 'online', 'count', 'reads'],
  message: [
    'conversation',
    'seq',
    'id',
    'from',
    'name',
    'time',
    'text',
    'target',
    'meta',
    'redacted',
    'partial',
    'log',
  ],
  ack: ['id', 'conversation', 'seq', 'time', 'sum', 'duplicate', 'log'],
  last: ['conversation', 'last', 'time'],
  stream: ['conversation', 'id', 'from', 'n', 'delta', 'text', 'cancelled'],
  left: ['conversation', 'code', 'reason'],
  history: ['conversation', 'messages', 'more'],
  presence: ['conversation', 'user', 'event', 'count', 'online'],
  typing: ['conversation', 'user'],
  read: ['conversation', 'user', 'seq'],
  error: ['code', 'reason', 'id', 'conversation', 'retry_after'],
  token: ['expires'],
  pong: [],
};

const limits: (keyof Limits)[] = [
  'frame',
  'text',
  'meta',
  'page',
  'joins',
  'names',
  'rate',
  'ids',
  'write_timeout',
  'ping',
];

const folder = new URL('../../protocol/testdata/golden/', import.meta.url);
const golden = readdirSync(folder).filter((file) => file.endsWith('.json'));
const read = (file: string) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as ServerFrame;

test.for(golden)('%s has nothing that the client does not know', (file) => {
  const { type, ...fields } = read(file);
  expect(known[type], `the type ${type}`).toBeDefined();
  expect(['ref', ...known[type]]).toEqual(expect.arrayContaining(Object.keys(fields)));
});

test('the welcome has every limit', () => {
  expect(Object.keys((read('welcome.json') as Welcome).limits).sort()).toEqual(limits.sort());
});

test.for(golden.filter((file) => file.startsWith('message')))('%s goes into a timeline as it is', (file) => {
  const entry = read(file) as Entry & ServerFrame;
  const timeline = new Timeline();
  timeline.join(
    { type: 'joined', conversation: entry.conversation, log: 'l', first: entry.seq, last: entry.seq },
    false,
  );
  expect(timeline.accept(entry)).toBe('added');
  expect(timeline.messages).toEqual([entry]);
});

test('the page of older entries ends where the timeline begins', () => {
  const page = read('history.json');
  if (page.type !== 'history') throw new Error(`history.json is a ${page.type}`);
  const end = page.messages.at(-1)!.seq;
  const timeline = new Timeline();
  timeline.join({ type: 'joined', conversation: 'lobby', log: 'l', first: end + 1, last: end }, false);
  expect(timeline.prepend(page.messages, page.more)).toBe(true);
});

test('a join and what follows it make the list of people', () => {
  const people = new People(() => {});
  const take = (file: string) => {
    const frame = read(file);
    if (frame.type === 'joined') people.join(frame);
    else if (frame.type === 'presence') people.presence(frame);
    else throw new Error(`${file} is a ${frame.type}`);
    return [people.count, people.online.length];
  };
  expect(take('joined.json')).toEqual([2, 2]);
  expect(take('presence-count.json')).toEqual([4312, 0]);
  expect(take('presence-online.json')).toEqual([1, 1]);
  expect(take('presence-joined.json')).toEqual([3, 2]); // the server counts, the list may lag behind
});
