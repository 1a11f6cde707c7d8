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

test('what the server itself has no room for comes in when there is room', async () => {
  const server = new FakeServer();
  server.limits = { joins: 5 };
  server.taken = 3; // by the address
  const { chat, told } = chatWith(server);
  const ids = ['c1', 'c2', 'c3', 'c4'];
  const joined = () => ids.filter((id) => chat.conversation(id).joined);
  const asked = () => server.sockets.flatMap((socket) => socket.sent.filter((frame) => frame.type === 'join')).length;
  chat.follow(ids);
  chat.connect();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([joined(), told.problems.length, chat.conversation('c3').aside]).toEqual([['c1', 'c2'], 1, true]);
  expect(asked()).toBeLessThanOrEqual(4);
  chat.leave('c1');
  expect(joined()).toEqual(['c2', 'c3']);
  server.taken = 0;
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(joined()).toEqual(['c2', 'c3', 'c4']);
});

test('a join that is refused when it has been given up makes no problem of its own', async () => {
  const server = new FakeServer();
  server.limits = { joins: 5 };
  server.taken = 3; // by the address
  server.latency = 20;
  const { chat, told } = chatWith(server);
  chat.follow(['c1', 'c2', 'c3', 'c4']); // when c3 is refused, c4 is on its way, and there is no room for it
  chat.connect();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told.problems).toEqual(['leave one first']);
});

test('a mark that is no seq moves nothing, is not sent, and is told of', async () => {
  const { server, lobby, told } = await online();
  server.say('bob', 'a');
  for (const seq of [1.5, 1e21, Infinity, NaN, -1, '1' as never]) lobby().markRead(seq);
  expect([lobby().readTo, told.problems.length]).toEqual([undefined, 6]);
  expect(server.socket!.sent.filter((frame) => frame.type === 'read')).toEqual([]);
  lobby().markRead(0); // nothing is read yet
  expect(told.problems.length).toBe(6);
});

test('what another session has read stays when a mark of this one is refused', async () => {
  const { server, lobby } = await online();
  for (let n = 1; n <= 30; n++) server.say('bob', `m${n}`);
  server.latency = 5;
  lobby().markRead(1);
  lobby().markRead(99);
  server.socket!.receive({ type: 'read', conversation: 'lobby', user: 'ann', seq: 25 });
  await vi.advanceTimersByTimeAsync(10);
  expect([lobby().readTo, lobby().unread]).toEqual([25, 5]);
});

test('what another session has read stays, however many marks of this one came before', async () => {
  const { server, lobby } = await online();
  for (let n = 1; n <= 30; n++) server.say('bob', `m${n}`);
  server.answers = false;
  for (let n = 1; n <= 20; n++) lobby().markRead(n);
  server.socket!.receive({ type: 'read', conversation: 'lobby', user: 'ann', seq: 25 });
  for (let n = 26; n <= 29; n++) lobby().markRead(n);
  lobby().markRead(99);
  server.answers = true;
  const no = { type: 'error', code: 'bad_request', reason: 'no', conversation: 'lobby' };
  for (const seq of [26, 27, 28, 29, 99]) server.socket!.receive({ ...no, ref: `read:${seq}` });
  expect(lobby().readTo).toBe(25);
});

test('a mark that was put off is not told of another record', async () => {
  const { server, chat, lobby, told } = await online();
  server.say('bob', 'a');
  server.answers = false;
  lobby().markRead(1);
  const later = { type: 'error', code: 'unavailable', reason: 'no disk', conversation: 'lobby', retry_after: 3 };
  server.socket!.reply('read', later);
  server.answers = true;
  server.log = 'log-2';
  server.record = [];
  server.say('bob', 'new');
  server.socket!.receive({ type: 'left', conversation: 'lobby', code: 'forbidden', reason: 'it was removed' });
  chat.join('lobby');
  const before = server.socket!.sent.length;
  await vi.advanceTimersByTimeAsync(10_000);
  expect([told.resets, lobby().readTo, server.socket!.sent.length]).toEqual([['lobby'], undefined, before]);
});

test('what was read of a record that is gone is told of no other one that is joined from elsewhere', async () => {
  const { server, chat, lobby, told } = await online();
  for (const text of ['a', 'b', 'c']) server.say('bob', text);
  server.wipe();
  lobby().markRead(3);
  for (const text of ['d', 'e', 'f', 'g']) server.say('bob', text);
  chat.join('lobby', { after: 0 });
  await vi.advanceTimersByTimeAsync(1_000);
  expect([server.marks.get('ann'), lobby().readTo, lobby().unread]).toEqual([undefined, undefined, 4]);
  lobby().markRead(2);
  server.socket!.drop();
  lobby().markRead(3);
  chat.join('lobby', { after: 0 }); // the same record
  await vi.advanceTimersByTimeAsync(1_000);
  expect([server.marks.get('ann'), lobby().readTo, told.problems]).toEqual([3, 3, []]);
});

test('a page of newer entries is told of while it is on its way, as one of older ones is', async () => {
  const server = new FakeServer();
  for (let n = 1; n <= 200; n++) server.say('bob', `m${n}`);
  const { chat, lobby } = await online(server);
  await lobby().goTo(20);
  server.answers = false;
  let loading = false;
  chat.on('change', () => (loading ||= lobby().loadingNewer));
  lobby().loadNewer();
  expect(loading).toBe(true);
});
