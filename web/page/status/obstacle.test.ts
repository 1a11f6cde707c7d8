import { afterEach, expect, test, vi } from 'vitest';
import { findObstacle, look, noObstacle, obstacle } from './obstacle.ts';

const address = new URL('https://example.com/chat/ws');
const answering = (status: number, body: string) => vi.fn(async () => new Response(body, { status }));
const ours = (reason: string) => JSON.stringify({ error: { code: 'forbidden', reason } });

afterEach(() => {
  vi.unstubAllGlobals();
  noObstacle();
});

test.for([
  [426, ours('no Upgrade'), { kind: 'upgrade' }],
  [403, ours('not this page'), { kind: 'refused', reason: 'not this page' }],
  [503, ours('draining'), { kind: 'busy', reason: 'draining' }],
  [429, ours('too fast'), { kind: 'busy', reason: 'too fast' }],
  [403, '<h1>Forbidden</h1>', { kind: 'other', status: 403 }],
  [503, '<h1>Unavailable</h1>', { kind: 'gateway', status: 503 }],
  [502, '', { kind: 'gateway', status: 502 }],
  [504, '', { kind: 'gateway', status: 504 }],
  [400, 'Bad Request: missing required Host header', { kind: 'other', status: 400 }],
  [404, '{"error":"not found"}', { kind: 'other', status: 404 }],
  [200, '<!doctype html>', { kind: 'other', status: 200 }],
  [405, 'null', { kind: 'other', status: 405 }],
  [302, '', { kind: 'redirect' }],
] as const)('what answers %i %s is told apart', async ([status, body, found]) => {
  const ask = answering(status, body);
  expect(await look(address, ask)).toEqual(found);
  expect(ask).toHaveBeenCalledWith(address, expect.objectContaining({ method: 'POST', redirect: 'manual' }));
});

test('where nobody answers, there is nothing to say but that', async () => {
  expect(await look(address, () => Promise.reject(new TypeError('Failed to fetch')))).toBeUndefined();
});

test('a server that has just come up is not taken for a proxy without WebSockets', async () => {
  vi.stubGlobal('fetch', answering(426, ours('no Upgrade')));
  await findObstacle(address);
  expect(obstacle.value).toBeUndefined();
  await findObstacle(address);
  expect(obstacle.value).toEqual({ kind: 'upgrade' });
  noObstacle();
  await findObstacle(address);
  expect(obstacle.value).toBeUndefined();
});

test('an answer that comes after the connection changes nothing', async () => {
  vi.stubGlobal('fetch', answering(404, ''));
  const late = findObstacle(address);
  noObstacle(); // connected
  await late;
  expect(obstacle.value).toBeUndefined();
});
