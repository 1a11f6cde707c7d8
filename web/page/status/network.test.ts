// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from 'vitest';
import { answered, offline, watchNetwork } from './network.ts';

/** A connection that notes what is asked of it; each doubt is answered by hand. */
class Connection {
  readonly asked: string[] = [];
  readonly doubts: { resolve: (pong: unknown) => void; reject: () => void }[] = [];
  again() {
    this.asked.push('again');
  }
  wake() {
    this.asked.push('wake');
  }
  doubt() {
    return new Promise((resolve, reject) => this.doubts.push({ resolve, reject: () => reject(new Error('away')) }));
  }
}

let connection = new Connection();
watchNetwork(() => connection);

const says = (event: 'online' | 'offline') => dispatchEvent(new Event(event));
const settle = () => vi.waitFor(() => Promise.resolve());

beforeEach(() => {
  connection = new Connection();
  offline.value = false;
});

test('a network that is back wakes whatever waits, whether it was missed or not', async () => {
  says('online');
  expect(connection.asked).toEqual(['wake']);
  says('offline');
  expect(offline.value).toBe(true);
  connection.doubts[0]!.reject();
  await settle();
  expect(offline.value).toBe(true);
  says('online');
  expect([offline.value, ...connection.asked]).toEqual([false, 'wake', 'again']);
});

test('a server that answers has the last word', async () => {
  says('offline');
  connection.doubts[0]!.resolve({});
  await vi.waitFor(() => expect(offline.value).toBe(false));
});

test('an answer to what was asked before the network went says nothing of it', async () => {
  says('offline');
  says('offline');
  connection.doubts[0]!.resolve({});
  await settle();
  expect(offline.value).toBe(true);
  connection.doubts[1]!.resolve({});
  await vi.waitFor(() => expect(offline.value).toBe(false));
});

test('a welcome that was on its way is not taken for an answer: the server is asked again', async () => {
  answered(connection);
  expect(connection.doubts).toEqual([]);
  says('offline');
  connection.doubts[0]!.reject(); // there was no connection to ask on
  answered(connection);
  await settle();
  expect([offline.value, connection.doubts.length]).toEqual([true, 2]);
  connection.doubts[1]!.resolve({});
  await vi.waitFor(() => expect(offline.value).toBe(false));
});
