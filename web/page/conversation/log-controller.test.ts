import { type Connection, Conversation, type Entry, type Request, type ServerFrame } from '@verbatim/client';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { LogController } from './log-controller.ts';
import { keepPlace } from './place.ts';
import { type Item, keyOf, rowsOf } from './rows.ts';
import { View } from './view.ts';

const page = vi.hoisted(() => ({ conversation: undefined as unknown, isRead: true }));
vi.mock('../state.ts', () => ({ chat: { conversation: () => page.conversation }, user: { value: 'ann' } }));
vi.mock('../watched.ts', () => ({ isRead: () => page.isRead }));
vi.mock('../status/notice.ts', () => ({ notify: () => {} }));
vi.stubGlobal('document', { activeElement: null, body: {} });

const rowHeight = 40;

interface Range {
  after?: number;
  before?: number;
  limit?: number;
}

/** ann's log of the lobby, 400 px high, drawn as log.tsx does it; and the server at its other end. */
class Reader {
  readonly view = new View(400);
  readonly asked: { request: Request; reply: (frame: ServerFrame | undefined) => void }[] = [];
  readonly conversation: Conversation;
  readonly controller: LogController;
  log = 'log-1';
  record = 0; // messages, all of bob's
  mark: number | undefined;
  isAway = false; // the connection is
  /** Happens when the server has answered a join, and with each entry that comes then: by the newest that is there. */
  onCame = (_: number): unknown => undefined;

  constructor(record: number, mark?: number) {
    this.record = record;
    this.mark = mark;
    const connection = {
      request: (request: Request, reply = (_: ServerFrame | undefined) => {}) => {
        if (this.isAway) return false;
        if (request.type === 'read') this.mark = request.seq;
        else this.asked.push({ request, reply });
        return true;
      },
    };
    const none = () => {};
    page.conversation = this.conversation = new Conversation('lobby', connection as unknown as Connection, {
      onChange: none,
      onReset: none,
      onWanted: none,
      onAnswered: none,
      onNoRoom: none,
      onProblem: none,
      onMessage: none,
    });
    page.isRead = true;
    this.controller = new LogController('lobby', () => this.view as unknown as HTMLElement);
    this.conversation.enter('open');
  }

  /** The server answers the oldest request that it was asked. */
  async answers(error?: string): Promise<void> {
    const { request, reply } = this.asked.shift()!;
    if (error !== undefined) reply({ type: 'error', code: error, reason: '' } as ServerFrame);
    else if (request.type === 'join') this.joined(request.after, reply);
    else if (request.type === 'history') {
      reply({ type: 'history', conversation: 'lobby', messages: this.page(request), more: true } as ServerFrame);
    }
    await microtasks(); // a frame comes later
    await this.draws();
  }

  private joined(after: number | undefined, reply: (frame: ServerFrame) => void): void {
    const first = (after ?? Math.max(0, this.record - 50)) + 1;
    const joined = { type: 'joined', conversation: 'lobby', log: this.log, first, last: this.record, read: this.mark };
    reply({ ...joined, online: [], count: 0, reads: {} } as unknown as ServerFrame);
    this.onCame(first - 1);
    for (let seq = first; seq <= this.record; seq++) {
      this.conversation.receive(message(seq));
      this.onCame(seq);
    }
  }

  private page({ after = 0, before = Infinity, limit = 50 }: Range): Entry[] {
    const last = Math.min(this.record, before - 1);
    return Array.from({ length: Math.min(limit, last - after) }, (_, index) => message(after + 1 + index));
  }

  /** So many messages come live, all at once. */
  async come(count: number): Promise<void> {
    for (let n = 0; n < count; n++) this.conversation.receive(message(++this.record));
    await this.draws();
  }

  /** The connection is lost and comes back; so many messages were missed. */
  async misses(count: number, error?: string): Promise<void> {
    this.isAway = true;
    for (const { reply } of this.asked.splice(0)) reply(undefined);
    this.conversation.disconnected();
    await this.draws();
    this.record += count;
    await this.comesBack(error);
  }

  /** It joins again, and the server may refuse that. */
  async comesBack(error?: string): Promise<void> {
    this.isAway = false;
    this.conversation.join();
    await this.answers(error);
  }

  async looks(is: boolean): Promise<void> {
    page.isRead = is;
    await this.draws();
  }

  async scrolls(by: number): Promise<void> {
    this.view.scrollTop += by;
    await this.draws();
  }

  async draws(): Promise<void> {
    const {
      controller,
      view,
      conversation: { timeline },
    } = this;
    for (let turn = 0, before = -1; turn < 30 && before !== controller.redraw.value; turn++) {
      before = controller.redraw.value;
      controller.drawing();
      const items = rowsOf(timeline.messages, ({ from }) => from === 'ann', controller.readBefore?.readTo).map(
        (row): Item => ({ key: keyOf('ann', 'bob', row.message.id, row.message.seq), kind: 'message', row }),
      );
      controller.draws(items);
      view.rows = items.map((item) => ({ key: item.key, height: rowHeight, seq: seqOf(item)! }));
      view.drawn = controller.scroll.extent(
        items.map(({ key }) => ({ key, guess: rowHeight })),
        timeline.live,
      );
      controller.drawnLast = timeline.last;
      controller.drawn();
      if (view.tells()) controller.scrolled();
      await microtasks();
    }
  }

  /** The first message in view as a whole, the one that the line "New" stands before, and how far it is read. */
  get stands() {
    const first = this.controller.scroll.seen().find((row) => row.getBoundingClientRect().top >= -1);
    const fresh = this.controller.items.find((item) => item.kind === 'message' && item.row.firstUnread);
    return { first: Number(first?.dataset.seq), fresh: fresh && seqOf(fresh), read: this.mark };
  }

  get follows(): boolean {
    return this.controller.follows.value;
  }
}

async function microtasks(): Promise<void> {
  for (let step = 0; step < 20; step++) await Promise.resolve();
}

const time = '2026-11-24T12:00:00.000000Z';
const words = { type: 'message', conversation: 'lobby', from: 'bob', time, text: 'hi' } as const;
const message = (seq: number): Entry => ({ ...words, seq });
const seqOf = (item: Item) => (item.kind === 'message' ? item.row.message.seq : undefined);

beforeEach(() => keepPlace('lobby', undefined));

async function reader(record: number, mark?: number): Promise<Reader> {
  const made = new Reader(record, mark);
  await made.answers();
  while (made.asked.length > 0) await made.answers();
  return made;
}

test('who is new here begins at the end, where the browser tells of a scroll before all is drawn', async () => {
  const ann = new Reader(30);
  ann.onCame = (seq) => (seq === 20 ? ann.draws() : seq === 30 && ann.controller.scrolled());
  await ann.answers();
  expect(ann.stands).toMatchObject({ first: 22, fresh: undefined, read: 30 });
  expect(ann.follows).toBe(true);
});

test('who reads at the end has read what comes', async () => {
  const ann = await reader(30, 30);
  await ann.come(3);
  expect([ann.follows, ann.stands.read]).toEqual([true, 33]);
});

test('what was missed while the connection was gone begins with a line, and is read from there on', async () => {
  const ann = await reader(30, 30);
  await ann.misses(200);
  expect(ann.stands).toMatchObject({ first: 31, fresh: 31 });
  expect(ann.stands.read).toBeGreaterThan(30);
  expect(ann.stands.read).toBeLessThan(45);
  expect(ann.follows).toBe(false);
});

test('the first that was missed stays, however many there are', async () => {
  const ann = await reader(30, 30);
  await ann.misses(2_500);
  expect(ann.stands).toMatchObject({ first: 22, fresh: 31, read: 30 }); // more than is held: all stays where it was
  expect([ann.follows, ann.controller.scroll.atEnd, ann.controller.unread]).toEqual([false, false, 2_500]);
  ann.controller.toEnd();
  await ann.draws();
  expect([ann.follows, ann.stands.read]).toEqual([true, 2_530]);
});

test('the first that was missed stays, where the browser tells of a scroll before any of them is drawn', async () => {
  const ann = await reader(30, 30);
  ann.onCame = (seq) => seq === 30 && ann.controller.scrolled(); // the banner has gone, and the log is higher
  await ann.misses(2_500);
  expect(ann.stands).toMatchObject({ first: 22, fresh: 31, read: 30 });
  expect(ann.conversation.timeline.messages.length).toBeLessThanOrEqual(1_000);
});

test('what was missed and has room is read at once, and what comes is followed', async () => {
  const ann = await reader(30, 30);
  await ann.misses(2);
  expect(ann.stands).toMatchObject({ fresh: 31, read: 32 });
  expect(ann.follows).toBe(true);
  await ann.come(1);
  expect(ann.stands.read).toBe(33);
});

test('what comes while nobody looks, or the list lies before it, is not read', async () => {
  const ann = await reader(30, 30);
  await ann.looks(false);
  await ann.come(200);
  expect(ann.stands).toMatchObject({ first: 31, fresh: 31, read: 30 });
  await ann.looks(true);
  expect(ann.stands).toMatchObject({ first: 31, fresh: 31 });
  expect(ann.stands.read).toBeLessThan(45);
});

test('who looks away from a conversation without a message finds where the first ones begin', async () => {
  const ann = await reader(0);
  await ann.looks(false);
  await ann.come(200);
  await ann.looks(true);
  expect(ann.stands).toMatchObject({ first: 1, fresh: 1 });
  expect(ann.stands.read).toBeLessThan(15);
});

test('who looks away and back again, while nothing comes, finds the line where it was', async () => {
  const ann = await reader(60, 30);
  const before = ann.stands;
  expect(before).toMatchObject({ first: 31, fresh: 31 });
  await ann.looks(false);
  await ann.looks(true);
  expect(ann.stands).toEqual(before);
});

test('who has read on from the line to the end stays there, whatever they look at', async () => {
  const ann = await reader(60, 30);
  ann.controller.toEnd();
  await ann.draws();
  expect(ann.stands).toMatchObject({ fresh: 31, read: 60 });
  await ann.looks(false);
  await ann.come(0);
  expect([ann.follows, ann.stands.first]).toEqual([true, 52]);
  await ann.come(2);
  expect(ann.stands).toMatchObject({ first: 54, fresh: 61, read: 60 });
  expect(ann.follows).toBe(true);
});

test('what nobody has looked at since it was opened is not passed either', async () => {
  const ann = new Reader(3, 1);
  page.isRead = false;
  await ann.answers();
  expect(ann.stands).toMatchObject({ fresh: 2, read: 1 });
  await ann.come(20);
  expect(ann.stands).toMatchObject({ first: 2, fresh: 2, read: 1 });
  await ann.looks(true);
  expect(ann.stands).toMatchObject({ first: 2, fresh: 2 });
});

test('who goes to the end without the focus stays there, and what comes next does not go past', async () => {
  const ann = await reader(30, 30);
  await ann.looks(false);
  await ann.come(20);
  expect(ann.stands).toMatchObject({ first: 31, fresh: 31, read: 30 });
  ann.controller.toEnd();
  await ann.draws();
  expect([ann.follows, ann.stands]).toMatchObject([true, { fresh: 31, read: 30 }]);
  await ann.come(20);
  expect(ann.stands).toMatchObject({ first: 51, fresh: 51, read: 30 });
  await ann.scrolls(20 * rowHeight); // with the wheel
  expect([ann.follows, ann.stands]).toMatchObject([true, { fresh: 51, read: 30 }]);
  await ann.come(20);
  expect(ann.stands).toMatchObject({ first: 71, fresh: 71, read: 30 });
});

test('who went to the end of a record that was replaced finds where the other one is new', async () => {
  const ann = await reader(30, 30);
  await ann.come(20);
  ann.controller.toEnd();
  await ann.draws();
  expect(ann.stands).toMatchObject({ read: 50 });
  await ann.looks(false);
  [ann.log, ann.record, ann.mark] = ['log-2', 0, 5];
  await ann.misses(40, 'reset');
  while (ann.asked.length > 0) await ann.answers(); // it looks for what it has, and joins from the beginning
  expect(ann.stands).toMatchObject({ fresh: 6, read: 5 });
});

test('a few that are new in a short conversation are read, and what comes next is followed', async () => {
  const ann = await reader(3, 1);
  expect(ann.stands).toMatchObject({ fresh: 2, read: 3 });
  expect(ann.follows).toBe(true);
  await ann.come(20);
  expect([ann.follows, ann.stands.read]).toEqual([true, 23]);
});

test('the last message is not read as long as its end is not in view', async () => {
  const ann = await reader(30, 10);
  await ann.scrolls(30 * rowHeight - 400 - ann.view.scrollTop - 33); // 7 px of it are
  expect([ann.follows, ann.stands.read]).toEqual([false, 29]); // and nobody is taken to its end
  await ann.scrolls(23);
  expect([ann.follows, ann.stands.read]).toEqual([true, 29]); // within reach of the end
  await ann.scrolls(10);
  expect(ann.stands.read).toBe(30);
});

test('where what is new could not be had, the conversation opens there as soon as it can', async () => {
  const ann = new Reader(230, 30);
  await ann.answers(); // the join
  await ann.misses(0); // before the page around message 31 has come
  expect([ann.controller.opening.value, ann.stands.read]).toEqual([true, 30]);
  while (ann.asked.length > 0) await ann.answers();
  expect(ann.controller.opening.value).toBe(false);
  expect(ann.stands).toMatchObject({ first: 31, fresh: 31 });
});

test('where the record cannot be read just now, it is tried again, and given up in the end', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const ann = new Reader(230, 30);
  await ann.answers();
  await ann.answers('unavailable');
  expect([ann.asked.length, ann.controller.opening.value]).toEqual([0, true]);
  vi.advanceTimersByTime(2_000);
  await ann.draws();
  await ann.answers();
  expect(ann.stands).toMatchObject({ first: 31, fresh: 31 });

  const bob = new Reader(230, 30);
  await bob.answers();
  for (let n = 0; n < 10 && bob.controller.opening.value; n++) {
    if (bob.asked.length > 0) await bob.answers('unavailable');
    vi.advanceTimersByTime(2_000);
    await bob.draws();
  }
  expect(bob.controller.opening.value).toBe(false);
});

test('the day of what is in view is known at the end too, but where its line is in view', async () => {
  const ann = await reader(30, 30);
  expect(ann.controller.topTime.value).toBe(time);
  const short = await reader(3, 3);
  expect(short.controller.topTime.value).toBe('');
});
