// Where a join goes on after a lost connection, and how it is found out that the record is another one.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeServer, online } from './testing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('after a lost connection the join goes on from the last entry of the same log', async () => {
  const { server, texts } = await online();
  server.say('bob', 'one');
  server.socket!.drop();
  server.say('bob', 'two');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.socket!.last('join')).toMatchObject({ conversation: 'lobby', after: 1, log: 'log-1' });
  expect(texts()).toEqual(['one', 'two']);
});

test('the first entry of an empty conversation makes its log known', async () => {
  const { server, lobby, texts } = await online();
  expect(lobby().timeline.log).toBeUndefined();
  server.say('bob', 'one');
  expect(lobby().timeline.log).toBe('log-1');
  expect(texts()).toEqual(['one']);
});

test('another log starts the conversation anew, and the page is told', async () => {
  const { server, chat, lobby, texts, told } = await online();
  server.say('bob', 'old');
  const atReset: unknown[] = [];
  chat.on('reset', () => atReset.push(texts(), lobby().newest, lobby().log));
  server.wipe();
  server.say('bob', 'new');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(atReset).toEqual([[], 0, undefined]);
  expect(texts()).toEqual(['new']);
  expect(told.resets).toEqual(['lobby']);
});

test('what waits for another log may stand anywhere in it, if it was ever sent', async () => {
  const { server, chat, texts } = await online();
  for (const text of ['a', 'b', 'c']) server.say('bob', text);
  server.latency = 5;
  chat.send('lobby', 'tried');
  server.socket!.drop();
  chat.send('lobby', 'new');
  server.wipe();
  server.say('bob', 'first');
  await vi.advanceTimersByTimeAsync(1_000);
  const sends = server.sockets.flatMap((socket) => socket.sent).filter((frame) => frame.type === 'send');
  expect(sends).toMatchObject([
    { text: 'tried', since: 3 },
    { text: 'tried', since: 0 },
    { text: 'new', since: 1 },
  ]);
  expect(texts()).toEqual(['first', 'tried', 'new']);
});

test('a record that is empty now is another one too', async () => {
  const { server, texts, lobby, told } = await online();
  server.say('bob', 'old');
  server.log = 'log-2';
  server.record = [];
  server.forgives = true;
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told.resets).toEqual(['lobby']);
  expect([texts(), lobby().newest, lobby().unread]).toEqual([[], 0, 0]);
});

test('who follows hears of another record too, and shows nothing of the old one on coming back', async () => {
  const { server, chat, texts, told } = await online();
  server.say('bob', 'old');
  chat.open('kitchen');
  server.wipe();
  server.say('bob', 'new');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told.resets).toEqual(['lobby']);
  expect(texts()).toEqual([]);
  chat.open('lobby');
  expect(texts()).toEqual(['new']);
});

test('the log of a conversation that was empty is known from its first entry on: another one is not continued', async () => {
  const { server, texts, told } = await online();
  server.say('bob', 'old one');
  server.wipe();
  for (const text of ['new one', 'new two']) server.say('bob', text);
  await vi.advanceTimersByTimeAsync(5_000);
  expect([texts(), told.resets]).toEqual([['new one', 'new two'], ['lobby']]);
});

test('the ack of the first entry names the log too, where the entry itself does not come', async () => {
  const { server, chat, lobby } = await online();
  server.answers = false;
  const sent = chat.send('lobby', 'first');
  await vi.advanceTimersByTimeAsync(1);
  server.socket!.reply('send', { type: 'ack', conversation: 'lobby', id: sent.id, seq: 1, time: '', log: 'log-1' });
  expect([lobby().log, lobby().timeline.log]).toEqual(['log-1', 'log-1']);
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.socket!.last('join')).toMatchObject({ after: 0, log: 'log-1' });
});

test("an older copy of the record that was put back is another record: one's own ack tells", async () => {
  const { server, chat, texts, told } = await online();
  for (const text of ['a', 'b']) server.say('bob', text);
  chat.send('lobby', 'mine');
  await vi.advanceTimersByTimeAsync(1);
  server.say('bob', 'c');
  server.putBack(2);
  for (const text of ['other three', 'other four', 'other five']) server.say('bob', text);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(server.sockets[1]!.sent.filter((frame) => frame.type === 'join')).toMatchObject([
    { after: 4, log: 'log-1', known: 3, sum: 'a ‖ b ‖ mine' },
    { conversation: 'lobby' },
  ]);
  expect([texts(), told.resets]).toEqual([['a', 'b', 'other three', 'other four', 'other five'], ['lobby']]);
});

test("a join's own sum tells of an older copy that was put back", async () => {
  const record = new FakeServer();
  for (const text of ['a', 'b', 'c']) record.say('bob', text);
  const { server, texts, told } = await online(record);
  server.putBack(2);
  for (const text of ['other three', 'other four']) server.say('bob', text);
  await vi.advanceTimersByTimeAsync(5_000);
  const join = server.sockets[1]!.sent.find((frame) => frame.type === 'join');
  expect(join).toMatchObject({ after: 3, log: 'log-1', known: 3, sum: 'a ‖ b ‖ c' });
  expect([texts(), told.resets]).toEqual([['a', 'b', 'other three', 'other four'], ['lobby']]);
});

test('who has only read since it joined finds out too, by its newest entry', async () => {
  const { server, texts, told } = await online();
  for (const text of ['a', 'b', 'c', 'd']) server.say('bob', text);
  server.socket!.drop(); // an ordinary loss changes nothing
  await vi.advanceTimersByTimeAsync(5_000);
  expect([texts(), told.resets]).toEqual([['a', 'b', 'c', 'd'], []]);
  server.say('bob', 'e');
  server.say('bob', 'f');
  server.putBack(5); // "d", whose sum the second join told, is there still
  for (const text of ['other six', 'other seven']) server.say('bob', text);
  await vi.advanceTimersByTimeAsync(5_000);
  expect([texts(), told.resets]).toEqual([['a', 'b', 'c', 'd', 'e', 'other six', 'other seven'], ['lobby']]);
});

test('who only followed while an older copy was put back finds out as well, and shows no two histories as one', async () => {
  const record = new FakeServer();
  for (const text of ['a', 'b', 'c']) record.say('bob', text);
  const { server, chat, lobby, texts, told } = await online(record);
  server.say('bob', 'd'); // its sum is told to nobody
  chat.open('kitchen');
  expect(server.socket!.last('join')).toMatchObject({ conversation: 'kitchen' });
  server.socket!.drop(); // an ordinary loss changes nothing
  await vi.advanceTimersByTimeAsync(1_000);
  expect([texts(), told.resets]).toEqual([['a', 'b', 'c', 'd'], []]);
  server.putBack(1);
  for (const text of ['other two', 'other three', 'other four', 'other five']) server.say('bob', text);
  await vi.advanceTimersByTimeAsync(5_000);
  expect([lobby().newest, told.resets]).toEqual([5, ['lobby']]);
  chat.open('lobby');
  expect(texts()).toEqual(['a', 'other two', 'other three', 'other four', 'other five']);
  expect(told.resets).toEqual(['lobby']);
});

test.for(['open', 'followed'] as const)(
  'a doubt about the record outlives the connection that was lost before it was settled: %s',
  async (mode) => {
    const { server, chat, texts, told } = await online();
    for (const text of ['a', 'b', 'c']) server.say('bob', text);
    if (mode === 'followed') chat.open('kitchen');
    server.loses = (frame) => frame.type === 'history';
    server.putBack(1);
    for (const text of ['other two', 'other three', 'other four']) server.say('bob', text);
    await vi.advanceTimersByTimeAsync(1_000);
    server.loses = () => false;
    await vi.advanceTimersByTimeAsync(10_000);
    chat.open('lobby');
    expect([texts(), told.resets]).toEqual([['a', 'other two', 'other three', 'other four'], ['lobby']]);
  },
);

test('what waits while an older copy is put back knows of no place in the history that is gone', async () => {
  const record = new FakeServer();
  for (const text of ['a', 'b', 'c']) record.say('bob', text);
  const { server, chat, texts, unsettled } = await online(record);
  server.answers = false;
  chat.send('lobby', 'mine', { target: 3 });
  expect(server.socket!.last('send')).toMatchObject({ since: 3, target: 3 });
  chat.send('lobby', 'also mine');
  server.answers = true;
  server.putBack(1);
  await vi.advanceTimersByTimeAsync(5_000);
  const sends = server.socket!.sent.filter((frame) => frame.type === 'send');
  for (const send of sends) expect(send).toMatchObject({ since: 0 });
  expect(sends[0]).toMatchObject({ text: 'mine' });
  expect(sends[0]).not.toHaveProperty('target');
  expect([texts(), unsettled()]).toEqual([['a', 'mine', 'also mine'], []]);
});

test("the entry that is known stays known over a lost connection, and an ack of before the join's answer is none", async () => {
  const { server, chat, texts, told } = await online();
  server.say('bob', 'a');
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.socket!.last('join')).not.toHaveProperty('known'); // no joined and no ack has told a sum yet
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.socket!.last('join')).toMatchObject({ after: 1, known: 1, sum: 'a' });
  server.refusesJoin = { code: 'unavailable', reason: 'no' };
  server.socket!.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  chat.conversation('lobby').acked({ type: 'ack', conversation: 'lobby', seq: 9, time: '', sum: 'another history' });
  server.refusesJoin = undefined;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(server.socket!.last('join')).toMatchObject({ after: 1, known: 1, sum: 'a' });
  expect([texts(), told.resets]).toEqual([['a'], []]);
});

test('what is opened again far behind is opened at its end; a connection lost on the way from far behind is gone on with', async () => {
  const { server, chat, lobby } = await online();
  const heard: number[] = [];
  server.say('bob', 'm1');
  chat.on('message', ({ message }) => heard.push(message.seq));
  chat.open('kitchen');
  for (let n = 2; n <= 2_000; n++) server.say('bob', `m${n}`);
  server.socket!.receive({ type: 'last', conversation: 'lobby', last: 2_000, time: '' });
  chat.open('lobby');
  expect([lobby().timeline.first, lobby().timeline.last]).toEqual([1_951, 2_000]);
  server.socket!.drop();
  for (let n = 2_001; n <= 5_000; n++) server.say('bob', `m${n}`);
  server.loses = (frame) => frame.seq === 2_500;
  await vi.advanceTimersByTimeAsync(400);
  server.loses = () => false;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(heard).toEqual(Array.from({ length: 3_050 }, (_, index) => 1_951 + index));
});

test('what was acknowledged on the old record waits for nothing on the new one', async () => {
  const { server, chat, unsettled } = await online();
  server.say('bob', 'one');
  server.answers = false;
  chat.send('lobby', 'mine');
  server.socket!.reply('send', { type: 'ack', conversation: 'lobby', id: server.socket!.last('send').id, seq: 2 });
  expect(unsettled()).toEqual(['recorded mine']);
  server.answers = true;
  server.wipe();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(unsettled()).toEqual([]);
});
