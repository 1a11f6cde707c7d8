// A server in memory for the tests of this package: it keeps records, and loses connections when it is told to.

import { vi } from 'vitest';
import { Chat, type ChatOptions } from './chat.ts';
import type { StorageState } from './keeper.ts';
import type { OutboxItem } from './outbox-item.ts';
import type { OutboxStore } from './outbox-store.ts';
import type { ConnectionState, Socket } from './page-connection.ts';
import type { Locks } from './tab-lock.ts';

export type Frame = Record<string, any>; // what stands on the wire, unchecked

/** One end of a connection, the client's. Frames are handed over at once, in order. */
export class FakeSocket implements Socket {
  onopen: ((event: unknown) => void) | null = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  sent: Frame[] = [];
  closed = false;

  constructor(
    readonly url: string,
    private readonly onFrame: (frame: Frame) => void = () => {},
  ) {}

  send(text: string): void {
    const frame = JSON.parse(text) as Frame;
    this.sent.push(frame);
    this.onFrame(frame);
  }

  close(): void {
    this.closed = true;
  }

  receive(frame: Frame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  welcome(user = 'ann', limits: Frame = {}): void {
    const all = { frame: 131_072, text: 16_384, meta: 4_096, joins: 1_000, ...limits };
    this.receive({ type: 'welcome', session: 's', user, version: 'test', now: '', limits: all });
  }

  drop(code = 1006, reason = ''): void {
    this.closed = true;
    this.onclose?.({ code, reason });
  }

  /** The newest frame of a type that was sent. */
  last(type: string): Frame {
    const found = this.sent.findLast((frame) => frame.type === type);
    if (!found) throw new Error(`no ${type} was sent, only ${JSON.stringify(this.sent)}`);
    return found;
  }

  reply(type: string, frame: Frame): void {
    this.receive({ ...frame, ref: this.last(type).ref });
  }
}

/** A record of one conversation that keeps the promises of the protocol, over connections that break. */
export class FakeServer {
  log = 'log-1';
  record: Frame[] = [];
  socket: FakeSocket | undefined;
  sockets: FakeSocket[] = [];
  /** Says before each reply whether the connection is to be lost instead. */
  loses: (reply: Frame) => boolean = () => false;
  /** Answers a send with this error in place of recording it. */
  refuses: (send: Frame) => Frame | undefined = () => undefined;
  /** Answers a join with another log as if it had named none. */
  forgives = false;
  /** Answers a join with this error. */
  refusesJoin: Frame | undefined;
  /** Joins of the session that the client does not know of, as by `?join=` in the address. */
  taken = 0;
  /** Those of the welcome that are not the contract's own. */
  limits: Frame = {};
  /** What stands in front closes the connection for frames over this. */
  narrow = Infinity;
  /** Whether it answers at all. */
  answers = true;
  /** Milliseconds from a request to its replies; 0 is at once. */
  latency = 0;
  private joined = false;
  private places = new Set<string>(); // conversations that the session has joined
  private clock = 0; // microseconds
  /** Ids up to this seq are older than `limits.ids`: they are found where a send says since when alone. */
  forgotten = 0;
  /** How far each user has read. */
  readonly marks = new Map<string, number>();
  /** The user of the connections. */
  user = 'ann';

  open = (url: string): Socket => {
    this.joined = false;
    this.places = new Set();
    const socket: FakeSocket = new FakeSocket(url, (frame) => this.arrive(socket, frame));
    this.sockets.push(socket);
    this.socket = socket;
    setTimeout(() => socket.welcome(this.user, this.limits), 1);
    return socket;
  };

  say(from: string, text: string, id?: string): Frame {
    const seq = this.record.length + 1;
    const time = `2026-11-24T12:00:00.${String(++this.clock).padStart(6, '0')}Z`;
    const message = {
      type: 'message',
      conversation: 'lobby',
      seq,
      id,
      from,
      time,
      text,
      ...(seq === 1 && { log: this.log }),
    };
    this.record.push(message);
    if (this.joined && this.socket) this.give(this.socket, message);
    return message;
  }

  wipe(): void {
    this.log = 'log-2';
    this.record = [];
    this.socket?.drop();
  }

  /** Puts an older copy of the record back, of so many entries. */
  putBack(length: number): void {
    this.record = this.record.slice(0, length);
    this.socket?.drop();
  }

  /** The sum of an entry, at most 64 bytes: it tells of all entries up to there. */
  sum(seq: number): string {
    const all = this.record
      .slice(0, seq)
      .map((entry) => entry.text)
      .join(' ‖ ');
    if (all.length <= 48) return all;
    return `${seq}: ${[...all].reduce((sum, unit) => (sum * 31 + unit.codePointAt(0)!) % 2 ** 40, 0)}`;
  }

  private arrive(socket: FakeSocket, frame: Frame): void {
    if (this.latency === 0) this.take(socket, frame);
    else setTimeout(() => socket.closed || this.take(socket, frame), this.latency);
  }

  private take(socket: FakeSocket, frame: Frame): void {
    if (!this.answers) return;
    const bytes = new TextEncoder().encode(JSON.stringify(frame)).length;
    if (bytes > Math.min(this.narrow, this.limits.frame ?? 131_072))
      return socket.drop(1009, 'a frame is over the limit');
    if (frame.type === 'ping') this.give(socket, { type: 'pong', ref: frame.ref });
    if (frame.type === 'join') this.join(socket, frame);
    if (frame.type === 'leave') this.leave(socket, frame);
    if (frame.type === 'read' && frame.seq > this.record.length) {
      this.give(socket, { type: 'error', ...this.beyondLast(), conversation: frame.conversation, ref: frame.ref });
    } else if (frame.type === 'read') this.marks.set(this.user, Math.max(frame.seq, this.marks.get(this.user) ?? 0));
    if (frame.type === 'send') this.give(socket, { ...this.put(frame), ref: frame.ref });
    if (frame.type === 'history') {
      const { after, before = Infinity, limit = 50 } = frame;
      const asked = this.record.filter((entry) => entry.seq > (after ?? 0) && entry.seq < before);
      const messages = after === undefined ? asked.slice(-limit) : asked.slice(0, limit);
      this.give(socket, {
        type: 'history',
        conversation: 'lobby',
        messages,
        more: messages.length < asked.length,
        ref: frame.ref,
      });
    }
  }

  private beyondLast(): Frame {
    return { code: 'bad_request', reason: `the last is ${this.record.length}` };
  }

  private leave(socket: FakeSocket, { conversation, ref }: Frame): void {
    const left = this.places.delete(conversation);
    if (conversation === 'lobby') this.joined = false;
    if (left) this.give(socket, { type: 'left', conversation, ref });
    else this.give(socket, { type: 'error', code: 'not_joined', reason: 'join it first', conversation, ref });
  }

  private join(socket: FakeSocket, request: Frame): void {
    const { conversation, after, log, known, sum, messages = true, limit = 50, ref } = request;
    if (!this.places.has(conversation) && this.places.size + this.taken >= (this.limits.joins ?? 1_000)) {
      return this.give(socket, { type: 'error', code: 'rate_limited', reason: 'leave one first', conversation, ref });
    }
    this.places.add(conversation);
    if (conversation !== 'lobby')
      return this.give(socket, { type: 'joined', conversation, first: 1, last: 0, online: [], count: 1, ref });
    const other = log !== undefined && log !== this.log && !this.forgives;
    const gone = known !== undefined && !this.forgives && (known > this.record.length || this.sum(known) !== sum);
    const reset = (other || gone) && { code: 'reset', reason: 'another record' };
    const refusal = this.refusesJoin ?? reset;
    const beyond = !refusal && after > this.record.length && this.beyondLast();
    if (refusal || beyond) this.places.delete(conversation);
    if (beyond) return this.give(socket, { type: 'error', conversation: 'lobby', ...beyond, ref });
    if (refusal) return this.give(socket, { type: 'error', conversation: 'lobby', ...refusal, ref });
    const { length } = this.record;
    const first = Math.min(messages ? (after ?? Math.max(0, length - limit)) : length, length) + 1;
    this.joined = messages;
    const named = length > 0 && { log: this.log, sum: this.sum(length) };
    this.give(socket, {
      type: 'joined',
      conversation: 'lobby',
      ...named,
      first,
      last: length,
      read: this.marks.get(this.user),
      online: ['ann'],
      count: 1,
      ref,
    });
    if (messages) for (const entry of this.record.slice(first - 1, length)) this.give(socket, entry);
  }

  private put(send: Frame): Frame {
    const refusal = this.refuses(send);
    if (refusal) return { type: 'error', conversation: 'lobby', id: send.id, ...refusal };
    if (send.log !== undefined && send.log !== this.log) return this.error(send, 'reset', 'another record');
    const searched = Math.min(this.forgotten, send.since ?? Infinity);
    const known = this.record.find(({ id, from, seq }) => id === send.id && from === this.user && seq > searched);
    if (known && known.text !== send.text) return this.error(send, 'conflict', 'another text');
    if (known) return { ...this.ack(known), duplicate: true };
    if (send.prev && !this.record.some((entry) => entry.id === send.prev)) {
      return this.error(send, 'out_of_order', 'prev is not on the record');
    }
    return this.ack(this.say(this.user, send.text, send.id));
  }

  private error({ id }: Frame, code: string, reason: string): Frame {
    return { type: 'error', conversation: 'lobby', id, code, reason };
  }

  private ack({ id, seq, time, log }: Frame): Frame {
    return { type: 'ack', conversation: 'lobby', id, seq, time, sum: this.sum(seq), ...(log && { log }) };
  }

  private give(socket: FakeSocket, frame: Frame): void {
    if (socket.closed) return;
    if (this.loses(frame)) socket.drop();
    else socket.receive(frame);
  }
}

/** What a store keeps, in memory, for one client after the other. */
export class FakeStore implements OutboxStore {
  readonly items = new Map<string, OutboxItem>();
  /** Why nothing can be kept. */
  trouble: string | undefined;
  found: (items: OutboxItem[]) => void = () => {};
  closed = false;

  async open(found: (items: OutboxItem[]) => void): Promise<OutboxItem[]> {
    this.found = found;
    this.closed = false;
    this.fail();
    return [...this.items.values()].map((item) => ({ ...item }));
  }

  async put(item: OutboxItem): Promise<void> {
    this.fail();
    this.items.set(item.id, item);
  }

  async remove(id: string): Promise<void> {
    this.fail();
    this.items.delete(id);
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  private fail(): void {
    if (this.trouble !== undefined) throw new Error(this.trouble);
  }
}

/** Web Locks, for many tabs in one process. */
export class FakeLocks implements Locks {
  private readonly held = new Map<string, Promise<unknown>>();

  async request(
    name: string,
    { ifAvailable, signal }: { ifAvailable?: boolean; signal?: AbortSignal },
    run: (lock: unknown) => unknown,
  ): Promise<unknown> {
    if (ifAvailable && this.held.has(name)) return run(null);
    while (this.held.has(name)) await this.held.get(name);
    if (signal?.aborted) throw new Error('aborted');
    const running = Promise.resolve(run({ name }));
    const ended = running.catch(() => {}).then(() => this.held.delete(name));
    this.held.set(name, ended);
    return running;
  }
}

/** A whole client of a fake server, and what it told its page. */
export function chatWith(server: FakeServer, store: OutboxStore = new FakeStore(), more: Partial<ChatOptions> = {}) {
  const told = {
    states: [] as ConnectionState[],
    storage: [] as StorageState[],
    resets: [] as string[],
    problems: [] as string[],
    failed: [] as string[],
    recorded: [] as string[],
  };
  const chat = new Chat({
    url: 'ws://test/ws',
    name: 'ann',
    open: server.open,
    random: () => 0.5,
    store: () => store,
    ...more,
  });
  chat.on('state', (state) => told.states.push(state));
  chat.on('reset', ({ conversation }) => told.resets.push(conversation));
  chat.on('problem', ({ reason }) => told.problems.push(reason));
  chat.on('storage', (state) => told.storage.push(state));
  chat.on('failed', ({ code, text }) => told.failed.push(`${code} ${text.slice(0, 20)}`));
  chat.on('recorded', (item) => told.recorded.push(item.text));
  const lobby = () => chat.conversation('lobby');
  const texts = () => lobby().timeline.messages.map((message) => message.text);
  const unsettled = () => chat.unsettled('lobby').map((item) => `${item.state} ${item.text}`);
  return { chat, lobby, texts, unsettled, told };
}

/** The same, with the lobby open and online. Timers are faked. */
export async function online(server = new FakeServer(), store = new FakeStore(), more: Partial<ChatOptions> = {}) {
  const client = chatWith(server, store, more);
  client.chat.open('lobby');
  client.chat.connect();
  await vi.advanceTimersByTimeAsync(1);
  return { server, store, ...client };
}
