// Programs in Node that chat over a real server: one that crashes, one whose record is replaced, and a network that breaks.
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { Chat, type ChatOptions, type Message } from '../index.ts';
import { useServer } from '../../test/server.ts';

const server = useServer();

/** A client with the lobby joined, and the texts that it heard there. */
function joins(name: string, more: Partial<ChatOptions> = {}) {
  const open = (url: string, protocols: string[]) => new WebSocket(url, protocols);
  const chat = new Chat({ url: `${server().url.replace('http', 'ws')}/ws`, name, open, ...more });
  const heard: Message[] = [];
  const resets: string[] = [];
  chat.on('message', ({ message }) => heard.push(message));
  chat.on('reset', ({ conversation }) => resets.push(conversation));
  onTestFinished(() => void chat.close());
  chat.join('lobby');
  chat.connect();
  return { chat, heard, resets, texts: () => heard.map((message) => message.text) };
}

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name} ${index + 1}`);
const joined = (client: { chat: Chat }) => expect.poll(() => client.chat.conversation('lobby').joined).toBe(true);

async function recorded(): Promise<{ from: string; text: string; seq: number }[]> {
  return server().transcript('lobby');
}

test('two programs chat: what is settled is on the record, and both hear it in one order', async () => {
  const ann = joins('ann');
  const bob = joins('bob');
  await Promise.all([joined(ann), joined(bob)]);
  const first = await ann.chat.settled(ann.chat.send('lobby', 'hi', { meta: { kind: 'greeting' } }));
  expect(first).toMatchObject({ state: 'recorded', seq: 1 });
  expect(await recorded()).toMatchObject([{ seq: 1, from: 'ann', text: 'hi', id: first.id, meta: { kind: 'greeting' } }]);
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
    expect(record.filter((message) => message.from === name).map((message) => message.text)).toEqual(numbered(name, 300));
  }
  for (const { heard } of clients) await expect.poll(() => heard.map(({ seq }) => seq)).toEqual(record.map(({ seq }) => seq));
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
  await expect.poll(() => timeline.messages.map(({ text }) => text)).toEqual((await recorded()).map(({ text }) => text));
  expect(ann.resets).toEqual(['lobby']);
  expect(newest).toBe(2);
});

test('an older copy of the data put back is found out, also by one who has only read', async () => {
  for (const text of numbered('common', 2)) await server().post('lobby', 'bob', text);
  const ann = joins('ann');
  await expect.poll(() => ann.texts().length).toBe(2);
  await server().kill();
  const putBack = server().backUp();
  await server().start();
  await joined(ann);
  for (const text of numbered('first history', 3)) await server().post('lobby', 'bob', text);
  await expect.poll(() => ann.texts().length).toBe(5);
  await ann.chat.close();
  await server().kill();
  putBack();
  await server().start();
  for (const text of numbered('second history', 4)) await server().post('lobby', 'bob', text);
  ann.chat.connect();
  await expect.poll(() => ann.resets).toEqual(['lobby']);
  const { timeline } = ann.chat.conversation('lobby');
  await expect.poll(() => timeline.messages.map(({ text }) => text)).toEqual([...numbered('common', 2), ...numbered('second history', 4)]);
});
