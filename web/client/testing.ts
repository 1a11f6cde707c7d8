// A server in memory for the tests of this package: it keeps records, and loses connections when it is told to.
import type { Socket } from './connection.ts';
import type { KeyValue } from './outbox-store.ts';
import { Chat, type ChatOptions } from './chat.ts';
import { KeyValueStore } from './outbox-store.ts';
import type { ConnectionState } from './connection.ts';

export type Frame = Record<string, any>; // what stands on the wire, unchecked

/** One end of a connection, the client's. Frames are handed over at once, in order. */
export class FakeSocket implements Socket {
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  sent: Frame[] = [];
  closed = false;

  constructor(readonly url: string, private readonly onFrame: (frame: Frame) => void = () => {}) {}

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

  welcome(user = 'ann'): void {
    this.receive({ type: 'welcome', session: 's', user, version: 'test', now: '', limits: { text: 16384 } });
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
  /** Answers a join with this error. */
  refusesJoin: Frame | undefined;
  /** Whether it answers at all. */
  answers = true;
  /** Milliseconds from a request to its replies; 0 is at once. */
  latency = 0;
  private joined = false;

  open = (url: string): Socket => {
    this.joined = false;
    const socket: FakeSocket = new FakeSocket(url, (frame) => this.arrive(socket, frame));
    this.sockets.push(socket);
    this.socket = socket;
    setTimeout(() => socket.welcome(), 1);
    return socket;
  };

  say(from: string, text: string, id?: string): Frame {
    const message = { type: 'message', conversation: 'lobby', seq: this.record.length + 1, id, from, time: '', text };
    this.record.push(message);
    if (this.joined && this.socket) this.give(this.socket, message);
    return message;
  }

  wipe(): void {
    this.log = 'log-2';
    this.record = [];
    this.socket?.drop();
  }

  private arrive(socket: FakeSocket, frame: Frame): void {
    if (this.latency === 0) this.take(socket, frame);
    else setTimeout(() => socket.closed || this.take(socket, frame), this.latency);
  }

  private take(socket: FakeSocket, frame: Frame): void {
    if (!this.answers) return;
    if (frame.type === 'ping') this.give(socket, { type: 'pong', ref: frame.ref });
    if (frame.type === 'join') this.join(socket, frame);
    if (frame.type === 'send') this.give(socket, { ...this.put(frame), ref: frame.ref });
    if (frame.type === 'history') {
      const messages = this.record.filter((entry) => entry.seq < frame.before).slice(-frame.limit);
      this.give(socket, { type: 'history', conversation: 'lobby', messages, more: (messages[0]?.seq ?? 1) > 1, ref: frame.ref });
    }
  }

  private join(socket: FakeSocket, { after, log, ref }: Frame): void {
    const reset = log !== undefined && log !== this.log && { code: 'reset', reason: 'another log' };
    const refusal = this.refusesJoin ?? reset;
    if (refusal) return this.give(socket, { type: 'error', conversation: 'lobby', ...refusal, ref });
    const first = (after ?? Math.max(0, this.record.length - 50)) + 1;
    const { length } = this.record;
    this.joined = true;
    const named = length > 0 && { log: this.log };
    this.give(socket, { type: 'joined', conversation: 'lobby', ...named, first, last: length, online: ['ann'], count: 1, ref });
    for (const entry of this.record.slice(first - 1, length)) this.give(socket, entry);
  }

  private put(send: Frame): Frame {
    const refusal = this.refuses(send);
    if (refusal) return { type: 'error', conversation: 'lobby', id: send.id, ...refusal };
    const known = this.record.find((entry) => entry.id === send.id);
    if (known) return { type: 'ack', conversation: 'lobby', id: send.id, seq: known.seq, duplicate: true };
    if (send.prev && !this.record.some((entry) => entry.id === send.prev)) {
      return { type: 'error', conversation: 'lobby', id: send.id, code: 'out_of_order', reason: 'prev is not on the record' };
    }
    return { type: 'ack', conversation: 'lobby', id: send.id, seq: this.say('ann', send.text, send.id).seq };
  }

  private give(socket: FakeSocket, frame: Frame): void {
    if (socket.closed) return;
    if (this.loses(frame)) socket.drop();
    else socket.receive(frame);
  }
}

/** Web Storage in memory. */
export class FakeStorage implements KeyValue {
  readonly values = new Map<string, string>();
  get length(): number { return this.values.size; }
  key(index: number): string | null { return [...this.values.keys()][index] ?? null; }
  getItem(key: string): string | null { return this.values.get(key) ?? null; }
  setItem(key: string, value: string): void { this.values.set(key, value); }
  removeItem(key: string): void { this.values.delete(key); }
}

/** A whole client of a fake server, and what it told its page. */
export function chatWith(server: FakeServer, storage = new FakeStorage()) {
  const told = { states: [] as ConnectionState[], resets: [] as string[], problems: [] as string[] };
  const options: ChatOptions = {
    url: (user) => `ws://test/ws?name=${user ?? 'ann'}`,
    open: server.open,
    random: () => 0.5,
    store: (user) => new KeyValueStore(storage, user),
    onState: (state) => told.states.push(state),
    onChange: () => {},
    onReset: (id) => told.resets.push(id),
    onProblem: (reason) => told.problems.push(reason),
  };
  const chat = new Chat(options);
  const lobby = () => chat.conversation('lobby');
  const texts = () => lobby().timeline.messages.map((message) => message.text);
  const unsettled = () => chat.unsettled('lobby').map((item) => `${item.state} ${item.text}`);
  return { chat, lobby, texts, unsettled, storage, told };
}
