import { expect, test } from 'vitest';
import { Catalogue } from './catalogue.ts';

/** A server of these conversations, or of so many, c0000 and on. */
function serverOf(conversations: string[] | number) {
  const ids =
    typeof conversations !== 'number'
      ? conversations
      : Array.from({ length: conversations }, (_, n) => `c${String(n).padStart(4, '0')}`);
  const asked: string[] = [];
  const held: (() => void)[] = [];
  let holds = false;
  const fetch = async (address: string) => {
    asked.push(address);
    const query = new URL(address, 'http://host').searchParams;
    if (holds) await new Promise<void>((release) => held.push(release));
    const has = (id: string) => id.startsWith(query.get('prefix') ?? '') && id.includes(query.get('contains') ?? '');
    const from = ids.filter((id) => has(id) && id > (query.get('after') ?? ''));
    const page = from.slice(0, Number(query.get('limit'))).map((id) => ({ id, last: 1, online: 0 }));
    return { ok: true, json: async () => ({ conversations: page, more: from.length > page.length }) };
  };
  return { asked, fetch, hold: () => (holds = true), release: (turn: number) => held[turn]!() };
}

const settle = () => new Promise((done) => setTimeout(done));

test('ten thousand are read a page at a time, and each once', async () => {
  const server = serverOf(10_000);
  const catalogue = new Catalogue({ fetch: server.fetch, onChange() {} });
  await catalogue.search('');
  expect(catalogue.found).toHaveLength(100);
  await Promise.all([catalogue.more(), catalogue.more(), catalogue.more()]);
  expect(catalogue.found).toHaveLength(200);
  expect(new Set(catalogue.found.map((each) => each.id)).size).toBe(200);
  expect(server.asked).toHaveLength(2);
});

test('what is searched for stands anywhere in a name, those that begin so come first, and the end is known', async () => {
  const ids = ['a-tea', 'tea', 'team', 'zen'];
  const catalogue = new Catalogue({ fetch: serverOf(ids).fetch, onChange() {} });
  await catalogue.search('tea');
  expect(catalogue.found.map((each) => each.id)).toEqual(['tea', 'team', 'a-tea']);
  expect(catalogue.hasMore).toBe(false);
});

test('of more than a page those that begin so come first too, and the others are read on, each once', async () => {
  const ids = Array.from({ length: 250 }, (_, n) => `a${String(n).padStart(3, '0')}-tea`).concat('tea', 'tea-time');
  const catalogue = new Catalogue({ fetch: serverOf(ids).fetch, onChange() {} });
  await catalogue.search('tea');
  expect(catalogue.found.slice(0, 3).map((each) => each.id)).toEqual(['tea', 'tea-time', 'a000-tea']);
  await catalogue.refresh();
  while (catalogue.hasMore) await catalogue.more();
  expect(catalogue.found.map((each) => each.id).sort()).toEqual(ids);
});

test('what has settled is asked for once, and what failed again', async () => {
  let works = true;
  const server = serverOf(3);
  const catalogue = new Catalogue({
    fetch: async (address) => (works ? server.fetch(address) : Promise.reject(new Error('away'))),
    onChange() {},
  });
  void catalogue.search('c');
  await catalogue.settled('c');
  expect(catalogue.found).toHaveLength(3);
  await catalogue.settled('c');
  expect(server.asked).toHaveLength(2); // those that begin so, and those with it anywhere
  await catalogue.settled('c0002');
  expect(catalogue.found.map((each) => each.id)).toEqual(['c0002']);
  works = false;
  await catalogue.settled('c000');
  expect(catalogue.failed).toBe(true);
  works = true;
  await catalogue.settled('c000');
  expect(catalogue.found).toHaveLength(3);
});

test('an answer that comes late does not replace a newer one', async () => {
  const server = serverOf(20);
  const catalogue = new Catalogue({ fetch: server.fetch, onChange() {} });
  server.hold();
  void catalogue.search('c000');
  void catalogue.search('c001');
  await settle();
  for (const later of [2, 3]) server.release(later);
  await settle();
  for (const earlier of [0, 1]) server.release(earlier);
  await settle();
  expect(catalogue.found[0]!.id).toBe('c0010');
});

test('who has read on is not thrown back by a refresh, and a failure is said', async () => {
  let works = true;
  const { fetch } = serverOf(500);
  const catalogue = new Catalogue({
    fetch: async (address) => (works ? fetch(address) : Promise.reject(new Error('away'))),
    onChange() {},
  });
  await catalogue.search('');
  await catalogue.more();
  await catalogue.refresh();
  expect(catalogue.found).toHaveLength(200);
  works = false;
  await catalogue.more();
  expect(catalogue.failed).toBe(true);
});
