// What a session may join, and what becomes of the rest; how far one has read, where the server does not take that.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { chatWith, FakeServer, online } from './testing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const ids = (count: number) => Array.from({ length: count }, (_, index) => `c${index + 1}`);

/** A client that follows so many conversations at a server that takes `most`. */
async function following(count: number, most: number) {
  const server = new FakeServer();
  server.limits = { joins: most };
  const client = chatWith(server);
  const problems: unknown[] = [];
  client.chat.on('problem', (problem) => problems.push(problem));
  client.chat.follow(ids(count));
  client.chat.connect();
  await vi.advanceTimersByTimeAsync(1);
  const joined = () => ids(count).filter((id) => client.chat.conversation(id).joined);
  const asked = () => server.sockets.flatMap((socket) => socket.sent.filter((frame) => frame.type === 'join')).length;
  return { server, ...client, problems, joined, asked };
}

test('what is joined while it connects is asked for once, with the welcome', async () => {
  const server = new FakeServer();
  const { chat, lobby } = chatWith(server);
  chat.connect();
  chat.join('lobby');
  await vi.advanceTimersByTimeAsync(1);
  expect([lobby().joined, server.socket!.sent.map((frame) => frame.type)]).toEqual([true, ['join']]);
});

test('what is followed beyond the limit is told of once, and not asked for again and again', async () => {
  const { chat, joined, asked, problems } = await following(1_500, 1_000);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([joined(), asked()]).toEqual([ids(1_000), 1_000]);
  expect(problems).toEqual([
    {
      code: 'rate_limited',
      reason: expect.stringContaining('at most 1000 conversations'),
      conversations: ids(1_500).slice(1_000),
    },
  ]);
  expect(chat.conversation('c1001')).toMatchObject({
    joined: false,
    aside: true,
    code: 'rate_limited',
    passing: false,
    problem: expect.stringContaining('leave one'),
  });
});

test('what was left out comes in when there is room, and is not told of anew after a lost connection', async () => {
  const { server, chat, joined, problems } = await following(6, 4);
  chat.leave('c2');
  expect(joined()).toEqual(['c1', 'c3', 'c4', 'c5']);
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([joined(), problems.length]).toEqual([['c1', 'c3', 'c4', 'c5'], 1]);
  server.limits = {};
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(joined()).toEqual(['c1', 'c3', 'c4', 'c5', 'c6']);
});

test('what is opened has room before what is followed', async () => {
  const { server, chat, joined, lobby, problems } = await following(4, 4);
  chat.open('lobby');
  await vi.advanceTimersByTimeAsync(1);
  expect([lobby().joined, joined(), problems.length]).toEqual([true, ['c1', 'c2', 'c3'], 1]);
  expect(server.socket!.sent.filter((frame) => frame.type === 'leave').map((frame) => frame.conversation)).toEqual([
    'c4',
  ]);
  chat.open('c4');
  expect([lobby().mode, lobby().joined, joined()]).toEqual(['followed', false, ['c1', 'c2', 'c3', 'c4']]);
  expect(chat.conversation('c4')).toMatchObject({ mode: 'open', aside: false, problem: undefined });
});

test('what is left out can be written to all the same', async () => {
  const { server, chat } = await following(3, 2);
  const sent = chat.send('c3', 'hi');
  expect([sent.state, server.record.map((entry) => entry.text)]).toEqual(['recorded', ['hi']]);
});

test('a refusal for want of room that the limits do not explain is told of, and not asked for again and again', async () => {
  const server = new FakeServer();
  server.refusesJoin = { code: 'rate_limited', reason: 'leave one first' };
  const { told, lobby } = await online(server);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(server.socket!.sent.filter((frame) => frame.type === 'join')).toHaveLength(1);
  expect([told.problems, lobby().problem, lobby().passing]).toEqual([['leave one first'], 'leave one first', false]);
});

test('a join that is put off for a while is asked for again after it', async () => {
  const server = new FakeServer();
  server.refusesJoin = { code: 'rate_limited', reason: 'slowly', retry_after: 3 };
  const { lobby, told } = await online(server);
  server.refusesJoin = undefined;
  await vi.advanceTimersByTimeAsync(3_000);
  expect([lobby().joined, told.problems]).toEqual([true, []]);
});

test('a mark that the server refuses is taken back, and told of; what it takes stays', async () => {
  const server = new FakeServer();
  for (const text of ['a', 'b', 'c']) server.say('bob', text);
  server.latency = 5;
  const { lobby, told } = await online(server);
  await vi.advanceTimersByTimeAsync(10);
  lobby().markRead(1);
  lobby().markRead(99);
  lobby().markRead(120);
  expect(lobby().readTo).toBe(120);
  await vi.advanceTimersByTimeAsync(10);
  expect([lobby().readTo, lobby().unread, told.problems]).toEqual([1, 2, ['the last is 3', 'the last is 3']]);
  lobby().markRead(2);
  await vi.advanceTimersByTimeAsync(10);
  expect([server.marks.get('ann'), lobby().unread]).toEqual([2, 1]);
});

test('a first mark that is refused leaves none', async () => {
  const { server, lobby } = await online();
  server.say('bob', 'a');
  lobby().markRead(9);
  expect([lobby().readTo, lobby().unread]).toEqual([undefined, 1]);
});

test('a mark that the server cannot take just now is told again', async () => {
  const { server, lobby, told } = await online();
  server.say('bob', 'a');
  server.answers = false;
  lobby().markRead(1);
  server.socket!.receive({
    type: 'error',
    code: 'unavailable',
    reason: 'no disk',
    conversation: 'lobby',
    ref: server.socket!.last('read').ref,
    retry_after: 3,
  });
  server.answers = true;
  await vi.advanceTimersByTimeAsync(3_000);
  expect([server.marks.get('ann'), lobby().readTo, told.problems]).toEqual([1, 1, []]);
});

test('for a newcomer all is unread, and before a join that is not known', async () => {
  const server = new FakeServer();
  for (const text of ['a', 'b', 'c']) server.say('bob', text);
  const { chat, lobby } = chatWith(server);
  chat.follow(['lobby']);
  expect(lobby().unread).toBeUndefined();
  chat.connect();
  await vi.advanceTimersByTimeAsync(1);
  expect([lobby().readTo, lobby().unread]).toEqual([undefined, 3]);
});
