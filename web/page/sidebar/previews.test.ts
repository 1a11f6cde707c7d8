import { expect, test } from 'vitest';
import type { Entry, HistoryPage } from '@verbatim/client';
import { Previews } from './previews.ts';

/** A record that answers when it is told to. */
class Record {
  readonly asked: string[] = [];
  readonly shown: string[] = [];
  private readonly answers: ((page: HistoryPage | undefined) => void)[] = [];
  readonly previews = new Previews({
    newest: (id) => {
      this.asked.push(id);
      return new Promise((resolve, reject) => this.answers.push((page) => (page ? resolve(page) : reject(new Error('away')))));
    },
    onChange: (id, message) => this.shown.push(`${id}: ${message.text}`),
  });

  async replies(seq: number | undefined, type = 'message'): Promise<void> {
    const id = this.asked.at(-this.answers.length)!;
    const entry = { type, conversation: id, seq, from: 'bob', time: '', text: `m${seq}` } as unknown as Entry;
    this.answers.shift()!(seq === undefined ? undefined : { type: 'history', conversation: id, messages: [entry], more: true });
    await new Promise((done) => setTimeout(done));
  }
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

test('what failed is left alone for a while', async () => {
  const record = new Record();
  record.previews.want('a', 4);
  await record.replies(undefined);
  record.previews.want('a', 4);
  expect(record.asked).toEqual(['a']);
});
