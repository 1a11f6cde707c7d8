// What is held of a long conversation: a window that slides, at its end live.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeServer, online } from './testing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function longConversation(length: number) {
  const server = new FakeServer();
  for (let n = 1; n <= length; n++) server.say('bob', `m${n}`);
  const client = await online(server);
  const { timeline } = client.lobby();
  client.lobby().mostHeld = 200;
  const held = () => timeline.messages.map((message) => message.seq);
  const isWhole = () =>
    expect(held()).toEqual(
      Array.from({ length: timeline.end - timeline.first + 1 }, (_, index) => timeline.first + index),
    );
  return { ...client, timeline, held, isWhole };
}

test('the whole record can be read back and forth, and no more is held than there may be', async () => {
  const { server, lobby, timeline, held, isWhole } = await longConversation(3_000);
  while (timeline.hasOlder) {
    lobby().loadOlder();
    server.say('bob', 'meanwhile');
    isWhole();
    expect(held().length).toBeLessThanOrEqual(250);
  }
  expect(held()[0]).toBe(1);
  while (!timeline.live) {
    lobby().loadNewer();
    isWhole();
    expect(held().length).toBeLessThanOrEqual(300); // with what was kept of the live end
  }
  expect(held().at(-1)).toBe(server.record.length);
  server.say('bob', 'live again');
  expect(timeline.messages.at(-1)?.text).toBe('live again');
});

test('who asks for the next page whenever something changes comes to the first, over a lost connection too', async () => {
  const { server, chat, lobby, timeline } = await longConversation(300);
  chat.on('change', () => lobby().loadOlder());
  const changes = vi.fn();
  chat.on('change', changes);
  server.loses = (reply) => reply.type === 'history';
  lobby().loadOlder();
  await vi.advanceTimersByTimeAsync(0);
  expect(lobby().loadingOlder).toBe(false);
  expect(changes.mock.calls.length).toBeLessThan(20); // none of them led to the next one at once
  server.loses = () => false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(timeline.first).toBe(1);
  expect(timeline.hasOlder).toBe(false);
});

test('every entry is told of, also while others are shown', async () => {
  const { server, chat, lobby, texts } = await longConversation(500);
  const told: unknown[] = [];
  chat.on('message', ({ message }) => told.push(message.text));
  await lobby().goTo(10);
  server.say('bob', 'news');
  expect(told).toEqual(['news']);
  expect(texts()).not.toContain('news');
  expect(lobby().newest).toBe(501);
});

test('one can go to any entry, and back to the end at once', async () => {
  const { lobby, timeline, held, isWhole } = await longConversation(1_000);
  for (const seq of [500, 1, 970, 1_000]) {
    expect(await lobby().goTo(seq)).toBe(true);
    expect(held()).toContain(seq);
    isWhole();
  }
  await lobby().goTo(5);
  lobby().goToEnd();
  expect(timeline.live).toBe(true);
  expect(held().at(-1)).toBe(1_000);
  isWhole();
});

test('an entry that is not there cannot be gone to, and nothing changes', async () => {
  const { lobby, held } = await longConversation(100);
  const before = held();
  expect(await lobby().goTo(700)).toBe(false);
  expect(held()).toEqual(before);
});

test('a lost connection in the past changes nothing of what is read there, and loses nothing', async () => {
  const { server, lobby, timeline, held, isWhole } = await longConversation(500);
  await lobby().goTo(100);
  const before = held();
  server.socket!.drop();
  expect(await lobby().goTo(300)).toBe(false);
  server.say('bob', 'missed');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(held()).toEqual(before);
  while (!timeline.live) lobby().loadNewer();
  expect(timeline.messages.at(-1)?.text).toBe('missed');
  isWhole();
});

test('who reads before the end keeps what is read there, however much comes', async () => {
  const { server, lobby, timeline, held } = await longConversation(150);
  lobby().loadOlder();
  lobby().heldBack = true;
  for (let n = 0; n < 1_000; n++) server.say('bob', 'news');
  expect([held()[0], held().length, timeline.live]).toEqual([51, 200, false]);
  lobby().goToEnd();
  lobby().heldBack = false;
  for (let n = 0; n < 1_000; n++) server.say('bob', 'news');
  expect([held().at(-1), timeline.live]).toEqual([2_150, true]);
  expect(held().length).toBeLessThanOrEqual(200);
});

test('who goes to an entry, and on from there, is told at once', async () => {
  const { chat, lobby } = await longConversation(500);
  const awaited: boolean[] = [];
  chat.on('change', (change) => awaited.push(change.awaited));
  await lobby().goTo(10);
  expect(awaited.splice(0)).toContain(true);
  lobby().loadNewer();
  expect(awaited).toContain(true);
});
