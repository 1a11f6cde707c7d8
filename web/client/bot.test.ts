// The program that README.md shows, which answers each question once: over crashes, and over another record.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Position } from './position.ts';
import { chatWith, FakeServer, FakeStore } from './testing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** One life of the program. What it keeps outlives it; its queue does not. */
function live(server: FakeServer, kept: { position?: Position }) {
  const client = chatWith(server, new FakeStore(), { name: 'bot' });
  const { chat } = client;
  let alive = true;
  let done: Promise<unknown> = Promise.resolve();
  chat.on('message', ({ conversation, message, position }) => {
    if (message.from === chat.user) return;
    const id = `answer-${position.log}-${message.seq}`;
    const answer = chat.send(conversation, `answer to ${message.text}`, { id, target: message.seq });
    done = done.then(() => chat.settled(answer)).then(() => void (alive && (kept.position = position)));
  });
  chat.join('lobby', { after: kept.position ?? 0 });
  chat.connect();
  const kill = () => {
    alive = false;
    server.socket!.onmessage = server.socket!.onclose = null; // it hears nothing any more
    chat.connection.stop();
  };
  return { ...client, kill };
}

const of = (server: FakeServer, user: string) =>
  server.record.filter((entry) => entry.from === user).map((entry) => entry.text);

test('killed at any place it answers each question once, in order, also where ids are forgotten', async () => {
  const server = new FakeServer();
  server.user = 'bot';
  const kept: { position?: Position } = {};
  for (let life = 0; life < 12; life++) {
    for (let n = 0; n < 5; n++) server.say('zoe', `question ${life} ${n}`);
    let left = life % 6;
    server.loses = (reply) => reply.from === 'bot' && left-- === 0; // that answer is recorded, and nobody hears of it
    const { kill } = live(server, kept);
    await vi.advanceTimersByTimeAsync(100);
    kill();
    server.forgotten = server.record.length;
  }
  server.loses = () => false;
  live(server, kept);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(of(server, 'bot')).toEqual(of(server, 'zoe').map((text) => `answer to ${text}`));
});

test('an answer that waits while the record is replaced takes the id of no other one', async () => {
  const server = new FakeServer();
  server.user = 'bot';
  server.say('zoe', 'old question');
  server.refuses = () => ({ code: 'unavailable', reason: 'no disk', retry_after: 1 });
  const { told } = live(server, {});
  await vi.advanceTimersByTimeAsync(100);
  server.wipe();
  server.say('zoe', 'new question');
  server.refuses = () => undefined;
  await vi.advanceTimersByTimeAsync(10_000);
  expect([of(server, 'bot').sort(), told.failed]).toEqual([['answer to new question', 'answer to old question'], []]);
});
