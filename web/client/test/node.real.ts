// Programs in Node that chat over a real server: one that crashes, one whose record is replaced, and a network that
// breaks.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Recorded, useServer } from '../../test/server.ts';
import { Chat, type ChatOptions, type ConnectionState, type JoinOptions, type Message } from '../index.ts';

const server = useServer();

/** A client with the lobby joined, and the texts that it heard there. */
function joins(name: string, more: Partial<ChatOptions> = {}, options?: JoinOptions) {
  const open = (url: string, protocols: string[]) => new WebSocket(url, protocols);
  const chat = new Chat({ url: `${server().url.replace('http', 'ws')}/ws`, name, open, ...more });
  const heard: Message[] = [];
  const resets: string[] = [];
  chat.on('message', ({ message }) => heard.push(message));
  chat.on('reset', ({ conversation }) => resets.push(conversation));
  onTestFinished(() => void chat.close());
  chat.join('lobby', options);
  chat.connect();
  return { chat, heard, resets, texts: () => heard.map((message) => message.text) };
}

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name} ${index + 1}`);
const joined = (client: { chat: Chat }) => expect.poll(() => client.chat.conversation('lobby').joined).toBe(true);

async function recorded(): Promise<Recorded[]> {
  return server().transcript('lobby');
}

test('two programs chat: what is settled is on the record, and both hear it in one order', async () => {
  const ann = joins('ann');
  const bob = joins('bob');
  await Promise.all([joined(ann), joined(bob)]);
  const first = await ann.chat.settled(ann.chat.send('lobby', 'hi', { meta: { kind: 'greeting' } }));
  expect(first).toMatchObject({ state: 'recorded', seq: 1 });
  expect(await recorded()).toMatchObject([
    { seq: 1, from: 'ann', text: 'hi', id: first.id, meta: { kind: 'greeting' } },
  ]);
  await bob.chat.settled(bob.chat.send('lobby', 'hello', { target: 1 }));
  await expect.poll(ann.texts).toEqual(['hi', 'hello']);
  await expect.poll(bob.texts).toEqual(['hi', 'hello']);
  expect(bob.heard[1]!.target).toBe(1);
  expect(bob.heard[0]!.meta).toEqual({ kind: 'greeting' });
});

test('pages of history come without a join, and a wrong question is answered in words', async () => {
  for (const text of numbered('m', 7)) await server().post('lobby', 'bob', text);
  const { chat } = joins('ann');
  await expect.poll(() => chat.connection.state.phase).toBe('online');
  const page = await chat.history('lobby', { before: 6, limit: 2 });
  expect([page.messages.map((entry) => entry.seq), page.more]).toEqual([[4, 5], true]);
  await expect(chat.history('lobby', { after: 99 })).rejects.toMatchObject({ code: 'bad_request' });
});

test('a message that is refused says why', async () => {
  const { chat } = joins('ann');
  const settled = await chat.settled(chat.send('lobby', 'x'.repeat(100_000)));
  expect(settled).toMatchObject({ state: 'failed', code: 'too_large' });
  expect(settled.reason).not.toBe('');
});

test('a kill -9 in the middle loses nothing, doubles nothing and changes no order', async () => {
  const clients = ['ann', 'bob'].map((name) => ({ name, ...joins(name) }));
  const said = clients.map(async ({ chat, name }) => {
    for (const text of numbered(name, 300)) {
      chat.send('lobby', text);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  for (const count of [100, 300]) {
    await expect.poll(async () => (await recorded()).length).toBeGreaterThan(count);
    await server().kill();
    await server().start();
  }
  await Promise.all(said);
  for (const { chat } of clients) await expect.poll(() => chat.unsettled('lobby').length).toBe(0);
  const record = await recorded();
  for (const { name } of clients) {
    expect(record.filter((message) => message.from === name).map((message) => message.text)).toEqual(
      numbered(name, 300),
    );
  }
  for (const { heard } of clients)
    await expect.poll(() => heard.map(({ seq }) => seq)).toEqual(record.map(({ seq }) => seq));
});

test('a network that breaks in one frame of ten changes nothing of that', async () => {
  let breaks = true;
  const flaky = (url: string, protocols: string[]) => {
    const socket = new WebSocket(url, protocols);
    socket.on('message', (_, binary) => {
      if (breaks && !binary && Math.random() < 0.1) socket.terminate();
    });
    return socket;
  };
  const { chat, texts } = joins('ann', { open: flaky, random: () => -0.9 }); // a twentieth of the real waits
  const said = numbered('ann', 200);
  for (const text of said) {
    chat.send('lobby', text);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  breaks = false;
  await expect.poll(() => chat.unsettled('lobby').length).toBe(0);
  expect((await recorded()).map((message) => message.text)).toEqual(said);
  await expect.poll(texts).toEqual(said);
});

test('who was away hears all that was said meanwhile, once, in order', async () => {
  const ann = joins('ann');
  await server().post('lobby', 'bob', 'before');
  await expect.poll(ann.texts).toEqual(['before']);
  await ann.chat.close();
  const missed = numbered('missed', 120);
  for (const text of missed) await server().post('lobby', 'bob', text);
  const written = ann.chat.send('lobby', 'written while away');
  ann.chat.connect();
  await ann.chat.settled(written);
  await expect.poll(ann.texts).toEqual(['before', ...missed, 'written while away']);
});

test('a record that was replaced is said aloud, and nothing of the old one is left', async () => {
  const ann = joins('ann');
  for (const text of numbered('old', 5)) await ann.chat.settled(ann.chat.send('lobby', text));
  await expect.poll(() => ann.texts().length).toBe(5);
  await server().remove();
  const waiting = ann.chat.send('lobby', 'written between the two', { target: 3 });
  await server().start();
  await server().post('lobby', 'bob', 'new');
  await ann.chat.settled(waiting);
  const { timeline, newest } = ann.chat.conversation('lobby');
  await expect
    .poll(() => timeline.messages.map(({ text }) => text))
    .toEqual((await recorded()).map(({ text }) => text));
  expect(ann.resets).toEqual(['lobby']);
  expect(newest).toBe(2);
});

test('an older copy of the data put back is found out, also by one who has only read, and in the next life', async () => {
  for (const text of numbered('common', 2)) await server().post('lobby', 'bob', text);
  const ann = joins('ann');
  await expect.poll(() => ann.texts().length).toBe(2);
  await server().kill();
  const putBack = server().backUp();
  await server().start();
  await joined(ann);
  for (const text of numbered('first history', 3)) await server().post('lobby', 'bob', text);
  await expect.poll(() => ann.texts().length).toBe(5);
  const kept = ann.chat.conversation('lobby').position!;
  await ann.chat.close();
  await server().kill();
  putBack();
  await server().start();
  for (const text of numbered('second history', 4)) await server().post('lobby', 'bob', text);
  const next = joins('bob', {}, { after: JSON.parse(JSON.stringify(kept)) }); // another life, with what that one kept
  await expect.poll(() => next.resets).toEqual(['lobby']);
  await expect.poll(() => next.texts().slice(-4)).toEqual(numbered('second history', 4));
  ann.chat.connect();
  await expect.poll(() => ann.resets).toEqual(['lobby']);
  const { timeline } = ann.chat.conversation('lobby');
  await expect
    .poll(() => timeline.messages.map(({ text }) => text))
    .toEqual([...numbered('common', 2), ...numbered('second history', 4)]);
});

test("what can never be sent fails with the server's own code, costs no connection, and other conversations go on", async () => {
  const { chat, texts } = joins('ann');
  const states: string[] = [];
  const failed: string[] = [];
  chat.on('failed', ({ code, conversation }) => failed.push(`${code} ${conversation}`));
  await expect.poll(() => chat.conversation('lobby').joined).toBe(true);
  chat.on('state', ({ phase }) => states.push(phase));
  const bad = [
    chat.send('kitchen', 'y'.repeat(150_000)),
    chat.send('kitchen', 'order', { meta: { orderId: 1n } }),
    chat.send('kitchen', 'x', { meta: { a: 'x'.repeat(5_000) } }),
    chat.send('Kitchen', 'x'),
  ];
  const good = [chat.send('kitchen', 'good'), chat.send('lobby', 'good')];
  for (const item of good) expect(await chat.settled(item)).toMatchObject({ state: 'recorded', seq: 1 });
  expect(bad.map((item) => item.code)).toEqual(['too_large', 'bad_request', 'too_large', 'invalid_conversation']);
  expect(failed.sort()).toEqual([
    'bad_request kitchen',
    'invalid_conversation Kitchen',
    'too_large kitchen',
    'too_large kitchen',
  ]);
  await expect.poll(texts).toEqual(['good']);
  expect(states).toEqual([]);
});

test('what this client lets through the server takes: texts, metas and frames at their limits', async () => {
  const { chat } = joins('ann');
  const { text, meta, frame } = chat.limits;
  expect(frame).toBeGreaterThan(text + meta);
  const items = [
    chat.send('lobby', '\u0001'.repeat(text)), // six bytes each on the wire
    chat.send('lobby', 'é'.repeat(text / 2), { meta: { a: 'é'.repeat((meta - 8) / 2) } }),
    chat.send('lobby', 'x', { id: '"'.repeat(64) }),
    chat.send('lobby', 'x', { meta: { '\\u0000': '\\ud800', '🙂': [1e21, null] } }),
  ];
  for (const item of items.slice(1)) expect(await chat.settled(item)).toMatchObject({ state: 'recorded' });
  expect(await chat.settled(items[0]!)).toMatchObject({
    state: 'failed',
    code: 'bad_request',
    reason: expect.stringContaining('can be seen'),
  }); // the server's own word
});

test("a receipt is the record's own: its sum, its log and its time", async () => {
  const { chat } = joins('ann');
  await chat.settled(chat.send('lobby', 'one'));
  const item = await chat.settled(chat.send('lobby', 'two'));
  const page = (await (await fetch(`${server().url}/api/conversations/lobby/messages`)).json()) as {
    log: string;
    sum: string;
    messages: Message[];
  };
  expect(item).toMatchObject({ state: 'recorded', seq: 2, sum: page.sum, log: page.log, time: page.messages[1]!.time });
});

test('a bot that is killed ten times answers each of a hundred questions once', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'verbatim-bot-')), 'position');
  onTestFinished(() => rmSync(dirname(file), { recursive: true }));
  const questions: string[] = [];
  const ask = async (count: number) => {
    for (let asked = 0; asked < count; asked++) {
      const text = `question ${questions.length + 1}`;
      questions.push(text);
      await server().post('lobby', 'zoe', text);
    }
  };
  const answers = async () => (await recorded()).filter((message) => message.from === 'bot');
  for (let life = 0; life < 10; life++) {
    const before = (await answers()).length;
    const bot = startBot(file);
    await ask(4);
    await expect.poll(async () => (await answers()).length).toBeGreaterThanOrEqual(before + 3); // it is at work
    const more = ask(6);
    await bot.kill(); // between two of these
    await more;
  }
  startBot(file);
  await expect.poll(async () => (await answers()).length).toBeGreaterThanOrEqual(100);
  const last = (await recorded()).findLast((message) => message.from === 'zoe')!.seq;
  await expect.poll(() => JSON.parse(readFileSync(file, 'utf8')).seq as number).toBeGreaterThanOrEqual(last);
  const all = await recorded();
  const textOf = new Map(all.map((message) => [message.seq, message.text]));
  expect((await answers()).map((message) => [textOf.get(message.target!), message.text])).toEqual(
    questions.map((text) => [text, `answer to ${text}`]),
  );
});

/** The bot, as a process of its own. */
function startBot(file: string): { kill(): Promise<void> } {
  const script = new URL('bot.mjs', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, `${server().url.replace('http', 'ws')}/ws`, file], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const gone = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await gone;
  };
  onTestFinished(kill);
  return { kill };
}

test('why there is no connection: a refused port, another path and a refused origin are told apart', async () => {
  const { url } = server();
  const causeOf = async (address: string, origin?: string) => {
    const chat = new Chat({
      url: address,
      name: 'ann',
      open: (at, protocols) => new WebSocket(at, protocols, origin === undefined ? {} : { origin }),
    });
    onTestFinished(() => void chat.close());
    const waits = new Promise<ConnectionState>((resolve) =>
      chat.on('state', (state) => state.phase === 'waiting' && resolve(state)),
    );
    chat.connect();
    return waits;
  };
  const ws = url.replace('http', 'ws');
  expect(await causeOf('ws://127.0.0.1:1/ws')).toMatchObject({
    code: 1006,
    opened: false,
    reason: expect.stringContaining('ECONNREFUSED'),
    error: { code: 'ECONNREFUSED' },
  });
  expect(await causeOf(`${ws}/nowhere`)).toMatchObject({
    code: 1006,
    opened: false,
    status: 404,
    reason: expect.stringContaining('/ws'),
  });
  expect(await causeOf(`${ws}/ws`, 'https://elsewhere.example')).toMatchObject({
    code: 1006,
    opened: false,
    status: 403,
    reason: expect.stringContaining('--allow-origin'),
  });
  expect(await causeOf(`${ws}/healthz`)).toMatchObject({
    code: 1006,
    opened: false,
    status: 200,
    reason: expect.stringContaining('something else'),
  });
});

test('close with flush puts all on the record, and says so', async () => {
  const { chat } = joins('ann');
  await joined({ chat });
  for (const text of numbered('m', 100)) chat.send('lobby', text);
  expect(await chat.close({ flush: 60_000 })).toBe(0);
  expect((await recorded()).map((message) => message.text)).toEqual(numbered('m', 100));
});

test('of 1,500 conversations a session follows 1,000, and hears of the rest once', async () => {
  const ids = numbered('c', 1_500).map((id) => id.replace(' ', '-'));
  const { chat } = joins('ann');
  const problems: { code: string; conversations?: string[] }[] = [];
  chat.on('problem', (problem) => problems.push(problem));
  chat.follow(ids);
  const count = () => ids.filter((id) => chat.conversation(id).joined).length;
  await expect.poll(count).toBe(999); // the lobby is open, and has room first
  chat.leave(ids[0]!);
  await expect.poll(() => chat.conversation(ids[999]!).joined).toBe(true);
  expect(problems).toEqual([{ code: 'rate_limited', reason: expect.any(String), conversations: ids.slice(999) }]);
});

test('a mark beyond the end is taken back', async () => {
  await server().post('lobby', 'bob', 'hi');
  const { chat } = joins('ann');
  await joined({ chat });
  const lobby = chat.conversation('lobby');
  expect(lobby.unread).toBe(1);
  lobby.markRead(1);
  lobby.markRead(999);
  await expect.poll(() => [lobby.readTo, lobby.unread]).toEqual([1, 0]);
});

test('with a token an open server goes by the name', async () => {
  const { chat } = joins('ann', { token: 'secret' });
  await joined({ chat });
  expect(chat.user).toBe('ann');
});
