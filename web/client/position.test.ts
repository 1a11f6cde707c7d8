// Where a program goes on: the position that it keeps, the ids of its own, and what each message became.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { JoinOptions, Position } from './position.ts';
import { chatWith, FakeServer, FakeStore, type Frame, online } from './testing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const sends = (server: FakeServer) =>
  server.sockets.flatMap((socket) => socket.sent.filter((frame) => frame.type === 'send'));
const joins = (server: FakeServer) =>
  server.sockets
    .flatMap((socket) => socket.sent.filter((frame) => frame.type === 'join'))
    .map(({ ref: _, ...join }) => join);

/** A program's life, from where its last one stood. */
async function life(server: FakeServer, options?: JoinOptions, name = 'bot') {
  server.user = name;
  const client = chatWith(server, new FakeStore(), { name });
  const heard: { seq: number; position: Position }[] = [];
  client.chat.on('message', ({ message, position }) => heard.push({ seq: message.seq, position }));
  client.chat.join('lobby', options);
  client.chat.connect();
  await vi.advanceTimersByTimeAsync(1);
  return { ...client, server, heard, seqs: () => heard.map(({ seq }) => seq) };
}

function filled(count: number): FakeServer {
  const server = new FakeServer();
  for (let n = 1; n <= count; n++) server.say('zoe', `question ${n}`);
  return server;
}

test('a join begins where it is told to: after a seq, with so many entries, with none, or with the newest 50', async () => {
  const begins: [JoinOptions | undefined, number, number][] = [
    [{ after: 0 }, 1, 80],
    [{ after: 78 }, 79, 2],
    [{ after: 80 }, 81, 0],
    [{ limit: 3 }, 78, 3],
    [{ limit: 0 }, 81, 0],
    [{}, 31, 50],
    [undefined, 31, 50],
    [{ after: null }, 31, 50], // what a program finds that has kept nothing yet
    [{ after: null, log: null, known: null, sum: null, limit: null } as unknown as JoinOptions, 31, 50],
    [{ after: 78, log: null, limit: null } as unknown as JoinOptions, 79, 2],
    [{ after: { seq: 78, log: null, time: null } as unknown as Position }, 79, 2],
  ];
  for (const [options, first, count] of begins) {
    const { seqs, lobby } = await life(filled(80), options);
    expect([seqs().length, lobby().timeline.first], JSON.stringify(options)).toEqual([count, first]);
  }
});

test('a position that was kept and handed back goes on exactly there, and says which record it is of', async () => {
  const server = filled(3);
  const one = await life(server, { after: 0 });
  server.say('zoe', 'question 4');
  const kept = one.heard[2]!.position;
  expect(kept).toEqual({ seq: 3, log: 'log-1', known: 3, sum: 'question 1 ‖ question 2 ‖ question 3' });
  expect(one.lobby().position).toEqual({ ...kept, seq: 4, time: server.record[3]!.time }); // of which no sum was told
  await one.chat.close();
  const two = await life(server, { after: JSON.parse(JSON.stringify(kept)) as Position });
  expect(joins(server).at(-1)).toEqual({
    type: 'join',
    conversation: 'lobby',
    after: 3,
    log: 'log-1',
    known: 3,
    sum: kept.sum,
  });
  expect([two.seqs(), two.told.resets]).toEqual([[4], []]);
});

test('before it is joined, the position is what was handed over; without any there is none', async () => {
  const { chat } = chatWith(new FakeServer());
  expect(chat.conversation('lobby').position).toBeUndefined();
  expect(chat.join('lobby', { after: 7, log: 'log-1' }).position).toEqual({ seq: 7, log: 'log-1' });
});

test('who followed stands at the newest, also while it is being opened', async () => {
  const server = filled(5);
  const { chat, lobby } = chatWith(server);
  chat.follow(['lobby']);
  chat.connect();
  await vi.advanceTimersByTimeAsync(1);
  const followed = lobby().position?.seq;
  server.answers = false;
  chat.open('lobby');
  expect([followed, lobby().position?.seq]).toEqual([5, 5]);
});

test('what is gone on with after a lost connection is where it stood, and not where it began', async () => {
  const server = filled(60);
  const { seqs } = await life(server, { after: 57 });
  server.socket!.drop();
  server.say('zoe', 'missed');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(seqs()).toEqual([58, 59, 60, 61]);
});

test('who joined where nothing was misses nothing over a lost connection, however much comes', async () => {
  const server = new FakeServer();
  const { seqs, told } = await life(server);
  server.socket!.drop();
  for (let n = 1; n <= 80; n++) server.say('zoe', `question ${n}`);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([seqs(), told.resets]).toEqual([Array.from({ length: 80 }, (_, index) => index + 1), []]);
});

test('a position of a record that is gone is told, and the join begins as without it', async () => {
  const gone: JoinOptions[] = [
    { after: 2, log: 'log-0' },
    { after: { seq: 2, log: 'log-1', known: 2, sum: 'question 1 ‖ another' } },
    { after: 9, log: 'log-1' }, // which a record that lost entries does not have
  ];
  for (const options of gone) {
    const { seqs, told } = await life(filled(5), { ...options, limit: 2 });
    expect([seqs(), told.resets], JSON.stringify(options)).toEqual([[4, 5], ['lobby']]);
  }
});

test('a position tells of an older copy put back between two lives, also where its program has only read', async () => {
  const server = filled(2);
  const one = await life(server, { after: 0 });
  for (const n of [3, 4, 5]) server.say('zoe', `first history ${n}`, `id ${n}`);
  const kept = JSON.parse(JSON.stringify(one.heard.at(-1)!.position)) as Position;
  expect(kept).toMatchObject({ seq: 5, known: 2, time: server.record[4]!.time, id: 'id 5' });
  await one.chat.close();
  const same = await life(server, { after: kept });
  expect([same.seqs(), same.told.resets]).toEqual([[], []]);
  await same.chat.close();
  server.record = server.record.slice(0, 2);
  for (const n of [3, 4, 5, 6]) server.say('zoe', `second history ${n}`);
  for (const lost of [false, true]) {
    server.answers = !lost;
    const two = await life(server, { after: kept, limit: 9 });
    server.answers = true;
    if (lost) server.socket!.drop(); // before the record has told
    await vi.advanceTimersByTimeAsync(1_000);
    expect(two.told.resets).toEqual(['lobby']);
    expect(two.texts().slice(2)).toEqual([3, 4, 5, 6].map((n) => `second history ${n}`));
    await two.chat.close();
  }
});

test('what is said of a record without its log is told where the record is another one, once', async () => {
  const wrong = [{ after: 2, known: 2, sum: 'another history' }, { after: { seq: 2, time: 'then', id: 'x' } }];
  for (const options of wrong) {
    const { server, seqs, told, lobby } = await life(filled(5), { ...options, limit: 2 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect([lobby().joined, seqs().slice(-2), told.resets]).toEqual([true, [4, 5], ['lobby']]);
    expect(joins(server).at(-1)).toEqual({ type: 'join', conversation: 'lobby', limit: 2 });
  }
});

test('who leaves, or joins in another way, when told of another record has done so', async () => {
  for (const forgives of [false, true]) {
    const server = filled(3);
    const { chat, lobby } = await life(server);
    chat.on('reset', () => chat.leave('lobby'));
    server.forgives = forgives;
    server.wipe();
    server.say('zoe', 'new');
    await vi.advanceTimersByTimeAsync(1_000);
    expect([lobby().mode, lobby().joined]).toEqual(['idle', false]);
    const again = await life(filled(3));
    again.chat.on('reset', () => again.chat.join('lobby', { limit: 0 }));
    again.server.forgives = forgives;
    again.server.wipe();
    for (const text of ['new', 'newer']) again.server.say('zoe', text);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([again.lobby().joined, again.texts()]).toEqual([true, []]);
  }
});

test('what is joined already is joined anew from where the options say', async () => {
  const server = filled(5);
  const { chat, seqs, lobby } = await life(server, { limit: 0 });
  server.say('zoe', 'question 6');
  chat.join('lobby'); // changes nothing
  expect(seqs()).toEqual([6]);
  chat.join('lobby', { after: 4 });
  expect([seqs(), lobby().timeline.messages.map((message) => message.seq)]).toEqual([
    [6, 5, 6],
    [5, 6],
  ]);
});

test('options that make no sense are refused at once', () => {
  const { chat } = chatWith(new FakeServer());
  const wrong: JoinOptions[] = [
    { after: -1 },
    { after: 1.5 },
    { after: '3' as never },
    { after: Number.MAX_SAFE_INTEGER + 1 },
    { limit: -1 },
    { limit: 1_001 },
    { limit: 2.5 },
    { after: 3, log: '' },
    { after: 3, log: 'x'.repeat(200_000) },
    { after: 3, known: 3 },
    { after: 3, sum: 'x' },
    { after: 3, known: 0, sum: 'x' },
    { log: 'log-1' },
    { known: 3, sum: 'x' },
    { after: {} as never },
    { after: { seq: 1, time: '' } },
    { after: { seq: 1, time: 'then', id: 7 as never } },
  ];
  for (const options of wrong)
    expect(() => chat.join('lobby', options), JSON.stringify(options)).toThrow(
      expect.objectContaining({ name: 'RequestError', code: 'bad_request' }),
    );
  expect(chat.conversation('lobby').mode).toBe('idle');
});

test("an id of the caller's own goes over the wire, and what is on the record already is told as that", async () => {
  const server = filled(1);
  const answer = async () => {
    const { chat } = await life(server);
    const item = await chat.settled(chat.send('lobby', 'answer', { id: 'answer-1', target: 1 }));
    await chat.close();
    return item;
  };
  expect(await answer()).toMatchObject({ id: 'answer-1', state: 'recorded', seq: 2 });
  expect(await answer()).toMatchObject({ id: 'answer-1', state: 'recorded', seq: 2, duplicate: true });
  expect(server.record.map((entry) => entry.text)).toEqual(['question 1', 'answer']);
});

test("an id of the caller's own may have been sent in an earlier life: the record is searched from the target on, or from where it is told to", async () => {
  const server = filled(60);
  const { chat } = await life(server, { after: 40 });
  chat.send('lobby', 'a', { id: 'a', target: 50 });
  chat.send('lobby', 'b', { id: 'b', target: 50, since: 45 });
  chat.send('lobby', 'c', { id: 'c', since: 0 });
  chat.send('lobby', 'd', { id: 'd' });
  chat.send('lobby', 'e', { target: 50, since: 45 }); // an id that is new was sent by nobody
  expect(sends(server).map((send) => send.since)).toEqual([50, 45, 0, 63, 64]);
});

test('so it is with one that was sent before the join was answered, and to what is not joined', async () => {
  const server = filled(60);
  server.user = 'bot';
  const { chat } = chatWith(server, new FakeStore(), { name: 'bot' });
  chat.join('lobby');
  chat.send('lobby', 'a', { id: 'a', target: 50 });
  chat.send('lobby', 'b', { id: 'b' });
  chat.send('kitchen', 'c', { id: 'c' });
  chat.send('kitchen', 'd', { id: 'd', since: 5 });
  chat.connect();
  await vi.advanceTimersByTimeAsync(1);
  expect(
    sends(server)
      .map((send) => [send.id, send.since])
      .sort(),
  ).toEqual([
    ['a', 50],
    ['b', 61],
    ['c', undefined],
    ['d', 5],
  ]);
});

test('in another record nothing stands where the one before had it: all of it is searched for what may have been sent before', async () => {
  const server = filled(5);
  const { chat } = await life(server);
  server.socket!.drop();
  chat.send('lobby', 'a', { id: 'a', target: 5 });
  chat.send('lobby', 'b', { id: 'b' });
  server.wipe();
  server.say('zoe', 'question 1');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sends(server).map((send) => [send.id, send.since, send.target])).toEqual([
    ['a', 0, undefined],
    ['b', 2, undefined],
  ]);
});

test('an id that waits already is the same message; another one under it is refused', async () => {
  const { server, chat, texts, told } = await online();
  server.socket!.drop();
  const first = chat.send('lobby', 'hi', { id: 'x', meta: { a: 1 } });
  expect(chat.send('lobby', 'hi', { id: 'x', meta: { a: 1 } })).toBe(first);
  expect(chat.send('lobby', 'ho', { id: 'x' })).toMatchObject({ state: 'failed', code: 'conflict' });
  chat.send('kitchen', 'hi', { id: 'x' }); // an id is unique in its conversation alone
  await vi.advanceTimersByTimeAsync(1_000);
  expect([texts(), first.state, told.failed]).toEqual([['hi'], 'recorded', ['conflict ho']]);
  expect(sends(server).map((send) => [send.conversation, send.id])).toEqual([
    ['lobby', 'x'],
    ['kitchen', 'x'],
  ]);
});

test('the same id in two conversations is kept twice, and forgotten by itself', async () => {
  const store = new FakeStore();
  const removed: string[][] = [];
  store.remove = async (...args) => void removed.push(args);
  const { server, chat } = await online(new FakeServer(), store);
  server.answers = false;
  const [lobby, kitchen] = ['lobby', 'kitchen'].map((id) => chat.send(id, 'hi', { id: 'x' }));
  chat.discard(kitchen!);
  expect([removed, lobby!.state, kitchen!.state]).toEqual([[['x', 'kitchen']], 'sending', 'discarded']);
});

test('what is recorded has its receipt: seq, time, sum and log, whichever of ack and entry comes first', async () => {
  const { server, chat } = await online();
  const entryFirst = chat.send('lobby', 'one');
  expect(entryFirst).toMatchObject({
    state: 'recorded',
    seq: 1,
    time: server.record[0]!.time,
    sum: 'one',
    log: 'log-1',
  });
  server.answers = false;
  const ackFirst = chat.send('lobby', 'two');
  server.socket!.reply('send', {
    type: 'ack',
    conversation: 'lobby',
    id: ackFirst.id,
    seq: 2,
    time: 'then',
    sum: 'one ‖ two',
  });
  expect(ackFirst).toMatchObject({ state: 'recorded', seq: 2, time: 'then', sum: 'one ‖ two', log: 'log-1' });
});

test('a receipt names the log that the message is in: one that was left may be another by now', async () => {
  const { server, chat } = await online();
  server.say('bob', 'old');
  chat.leave('lobby');
  server.log = 'log-2';
  server.record = [];
  for (const text of ['new one', 'new two']) server.say('bob', text);
  const item = chat.send('lobby', 'mine');
  expect(item).toMatchObject({ state: 'recorded', seq: 3 });
  expect(item.log).not.toBe('log-1');
});

test('where nothing has changed the receipt of one that was left has its log', async () => {
  const { server, chat } = await online();
  server.say('bob', 'old');
  chat.leave('lobby');
  expect(chat.send('lobby', 'mine')).toMatchObject({ state: 'recorded', seq: 2, log: 'log-1' });
});

test('an answer to an entry of a record that is gone goes without its target, joined or not', async () => {
  const { server, chat } = await online();
  server.say('bob', 'question');
  chat.leave('lobby');
  server.log = 'log-2';
  server.record = [];
  for (const text of ['new one', 'new two']) server.say('bob', text);
  const answer = chat.send('lobby', 'answer', { target: 1 });
  const own = chat.send('lobby', 'own', { id: 'own', target: 1 });
  expect([answer.state, answer.target, own.state, own.target]).toEqual(['recorded', undefined, 'recorded', undefined]);
  expect(sends(server).map((send) => [send.text, send.target, send.log])).toEqual([
    ['answer', 1, 'log-1'],
    ['answer', undefined, undefined],
    ['own', 1, 'log-1'],
    ['own', undefined, undefined],
  ]);
  expect(sends(server).at(-1)!.since).toBe(0); // an earlier life may have sent it: anywhere in the new record
});

test('an entry whose ack is lost is as good as it, but for the sum; until then it is shown once', async () => {
  const { server, chat, texts, unsettled, told } = await online();
  server.loses = (frame) => frame.type === 'ack';
  const lost = chat.send('lobby', 'one');
  expect([texts(), unsettled()]).toEqual([['one'], []]);
  expect(lost).toMatchObject({ state: 'recorded', seq: 1, time: server.record[0]!.time });
  expect([lost.sum, told.recorded]).toEqual([undefined, ['one']]);
});

test('settled tells of each end: recorded, failed, discarded; and of a user who is another one now', async () => {
  const { server, chat } = await online();
  server.refuses = ({ text }: Frame) => (text === 'bad' ? { code: 'forbidden', reason: 'no' } : undefined);
  expect(await chat.settled(chat.send('lobby', 'good'))).toMatchObject({ state: 'recorded' });
  expect(await chat.settled(chat.send('lobby', 'bad'))).toMatchObject({ state: 'failed', code: 'forbidden' });
  server.answers = false;
  const given = chat.send('lobby', 'given up');
  const settled = chat.settled(given);
  chat.discard(given.id);
  expect(await settled).toMatchObject({ state: 'discarded', text: 'given up' });
  expect(await chat.settled(given)).toBe(given);
  const left = expect(chat.settled(chat.send('lobby', 'left behind'))).rejects.toMatchObject({ code: 'disconnected' });
  server.user = 'bob';
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  await left;
  await expect(chat.settled({ ...given, id: 'unknown', state: 'sending' })).rejects.toMatchObject({
    code: 'bad_request',
  });
});

test('with a token the name counts all the same: an open server goes by it', async () => {
  const server = new FakeServer();
  const { chat } = chatWith(server, undefined, { token: 'secret', name: 'ann' });
  chat.connect();
  expect(new URL(server.socket!.url).searchParams.get('name')).toBe('ann');
});
