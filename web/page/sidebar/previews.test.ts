import { type Entry, type HistoryPage, RequestError } from '@verbatim/client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Previews } from './previews.ts';

/** A record that answers when it is told to. */
class Record {
  readonly asked: string[] = [];
  readonly shown: string[] = [];
  private readonly answers: ((page: HistoryPage | Error) => void)[] = [];
  readonly previews = new Previews({
    newest: (id) => {
      this.asked.push(id);
      return new Promise((resolve, reject) => {
        this.answers.push((page) => (page instanceof Error ? reject(page) : resolve(page)));
      });
    },
    onChange: (id, message) => this.shown.push(`${id}: ${message.text}`),
  });

  async replies(seq: number | undefined, type = 'message'): Promise<void> {
    const id = this.asked.at(-this.answers.length)!;
    const entry = { type, conversation: id, seq, from: 'bob', time: '', text: `m${seq}` } as unknown as Entry;
    const page: HistoryPage = { type: 'history', conversation: id, messages: [entry], more: true };
    this.answers.shift()!(seq === undefined ? new Error('away') : page);
    await settle();
  }

  /** The connection is lost, and with it every answer. */
  async isLost(): Promise<void> {
    for (const answer of this.answers.splice(0)) answer(new RequestError('disconnected', 'the connection was lost'));
    await settle();
  }
}

const settle = async () => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

function useFakeTime(): void {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
}

test('a few are asked for at once, the others wait, and what is out of sight is not asked for', async () => {
  const record = new Record();
  for (const id of ['a', 'b', 'c', 'd', 'e']) record.previews.want(id, 1);
  expect(record.asked).toEqual(['a', 'b', 'c']);
  record.previews.unwant('d');
  await record.replies(1);
  expect(record.asked).toEqual(['a', 'b', 'c', 'e']);
  expect(record.shown).toEqual(['a: m1']);
});

test('news that come while one is in flight are asked for once more, together', async () => {
  const record = new Record();
  record.previews.want('a', 1);
  for (let newest = 2; newest <= 20; newest++) record.previews.want('a', newest);
  await record.replies(5);
  expect(record.asked).toEqual(['a', 'a']);
  await record.replies(20);
  record.previews.want('a', 20);
  expect(record.asked).toEqual(['a', 'a']);
  expect(record.previews.get('a')).toMatchObject({ seq: 20 });
});

test('an entry that is no message is not asked for again and again', async () => {
  const record = new Record();
  record.previews.want('a', 4);
  await record.replies(4, 'reaction');
  record.previews.want('a', 4);
  expect(record.asked).toEqual(['a']);
  expect(record.previews.get('a')).toBeUndefined();
});

test('what failed is left alone for a while, and then asked for by itself', async () => {
  useFakeTime();
  const record = new Record();
  record.previews.want('a', 4);
  record.previews.want('b', 1);
  await record.replies(undefined);
  await record.replies(1);
  record.previews.want('a', 4);
  expect(record.asked).toEqual(['a', 'b']);
  vi.advanceTimersByTime(5_000);
  expect(record.asked).toEqual(['a', 'b', 'a']);
  await record.replies(4);
  vi.advanceTimersByTime(60_000);
  expect(record.asked).toEqual(['a', 'b', 'a']);
  expect(record.previews.get('a')).toMatchObject({ seq: 4 });
});

test('what was lost with the connection is asked for once it is wanted again, and else a while later', async () => {
  useFakeTime();
  const record = new Record();
  for (const id of ['a', 'b', 'c', 'd']) record.previews.want(id, 1);
  await record.isLost();
  await record.isLost(); // what had waited its turn
  expect(record.asked).toEqual(['a', 'b', 'c', 'd']);
  record.previews.want('b', 1); // joined again
  expect(record.asked).toEqual(['a', 'b', 'c', 'd', 'b']);
  record.previews.unwant('c');
  await record.replies(1);
  vi.advanceTimersByTime(5_000);
  expect(record.asked).toEqual(['a', 'b', 'c', 'd', 'b', 'a', 'd']);
});

test('an answer of the record that was replaced says nothing of the new one', async () => {
  const record = new Record();
  record.previews.want('a', 900);
  record.previews.want('a', 901); // waits its turn
  record.previews.forget('a');
  record.previews.want('a', 3);
  await record.replies(900);
  expect(record.previews.get('a')).toBeUndefined();
  expect(record.asked).toEqual(['a', 'a']);
  await record.replies(3);
  expect(record.shown).toEqual(['a: m3']);
});

test('what is done with asks for nothing more', async () => {
  useFakeTime();
  const record = new Record();
  for (const id of ['a', 'b', 'c', 'd']) record.previews.want(id, 1);
  record.previews.end();
  await record.replies(undefined);
  await record.replies(1);
  vi.advanceTimersByTime(60_000);
  expect([record.asked, record.shown]).toEqual([['a', 'b', 'c'], []]);
});
