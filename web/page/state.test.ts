// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from 'vitest';
import { type PageSocket, useSockets } from './testing.ts';

vi.mock('./root.ts', () => ({ root: new URL('http://host/'), keyOf: (what: string) => `verbatim.${what}` }));

let sockets: PageSocket[];

beforeEach(() => {
  vi.resetModules();
  localStorage.clear();
  sessionStorage.clear();
  sockets = useSockets();
});

async function page(path = '/c/lobby') {
  history.replaceState(null, '', path);
  const [state, live] = await Promise.all([import('./state.ts'), import('./sidebar/live.ts')]);
  live.keepLive();
  return state;
}

const listed = (ids: string[]) => JSON.stringify(ids.map((id) => ({ id, added: '2026-11-24T12:00:00.000Z' })));

test('somebody else who enters follows nothing that is on the list of who was here before', async () => {
  localStorage.setItem('verbatim.conversations/ann', listed(['kitchen', 'garden']));
  const { changeName, enter } = await page();
  enter('ann', true);
  sockets.at(-1)!.welcome('ann');
  expect(sockets.at(-1)!.joins().sort()).toEqual(['garden', 'kitchen', 'lobby']);
  changeName();
  enter('bob', false);
  sockets.at(-1)!.welcome('bob');
  expect(sockets.at(-1)!.joins()).toEqual(['lobby']);
});

test('who comes with a token says their name too', async () => {
  localStorage.setItem('verbatim.name', 'ann');
  const { start } = await page('/c/lobby#token=t');
  start();
  expect(new URL(sockets.at(-1)!.url).searchParams.get('name')).toBe('ann');
});
