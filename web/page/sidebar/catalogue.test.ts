import { expect, test } from 'vitest';
import { Catalogue } from './catalogue.ts';

/** A server of so many conversations, c000 and on. */
function serverOf(count: number) {
  const ids = Array.from({ length: count }, (_, n) => `c${String(n).padStart(4, '0')}`);
  const asked: string[] = [];
  const held: (() => void)[] = [];
  let holds = false;
  const fetch = async (address: string) => {
    asked.push(address);
    const query = new URL(address, 'http://host').searchParams;
    if (holds) await new Promise<void>((release) => held.push(release));
    const from = ids.filter((id) => id.startsWith(query.get('prefix') ?? '') && id > (query.get('after') ?? ''));
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

test('what is searched for begins so, and its end is known', async () => {
  const catalogue = new Catalogue({ fetch: serverOf(10_000).fetch, onChange() {} });
  await catalogue.search('c012');
  expect(catalogue.found.map((each) => each.id)).toEqual(['c0120', 'c0121', 'c0122', 'c0123', 'c0124', 'c0125', 'c0126', 'c0127', 'c0128', 'c0129']);
  expect(catalogue.hasMore).toBe(false);
});

test('an answer that comes late does not replace a newer one', async () => {
  const server = serverOf(20);
  const catalogue = new Catalogue({ fetch: server.fetch, onChange() {} });
  server.hold();
  void catalogue.search('c000');
  void catalogue.search('c001');
  await settle();
  server.release(1);
  await settle();
  server.release(0);
  await settle();
  expect(catalogue.found[0]!.id).toBe('c0010');
});

test('who has read on is not thrown back by a refresh, and a failure is said', async () => {
  let works = true;
  const { fetch } = serverOf(500);
  const catalogue = new Catalogue({ fetch: async (address) => (works ? fetch(address) : Promise.reject(new Error('away'))), onChange() {} });
  await catalogue.search('');
  await catalogue.more();
  await catalogue.refresh();
  expect(catalogue.found).toHaveLength(200);
  works = false;
  await catalogue.more();
  expect(catalogue.failed).toBe(true);
});
