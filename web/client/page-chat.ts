// One connection, the conversations that are open or followed on it, and the outbox: the part of the client that a page
// needs. The rest is in chat.ts, so that the page does not load it.
import { socketAddress } from './address.ts';
import { Conversation } from './conversation.ts';
import { defined } from './defined.ts';
import { Emitter } from './events.ts';
import { hasIndexedDb, IndexedDbStore } from './indexed-db-store.ts';
import type { Start } from './joining.ts';
import type { StorageState } from './keeper.ts';
import { conversationProblem } from './limits.ts';
import { Outbox, type Place } from './outbox.ts';
import type { OutboxItem } from './outbox-item.ts';
import { MemoryStore, type OutboxStore } from './outbox-store.ts';
import { type ConnectionOptions, type ConnectionState, PageConnection, type Socket } from './page-connection.ts';
import type { Position } from './position.ts';
import type { Entry, ErrorFrame, HistoryPage, Limits, Message, Seq, ServerFrame } from './protocol.ts';
import { RequestError } from './request-error.ts';
import { normalName } from './words.ts';

/** The options of a `Chat`. All may be left out. */
export interface ChatOptions {
  /**
   * The address of the server's `/ws`, absolute or relative to the page; default: `ws` beside the page. Or a function
   * that returns it: `user` is the user's name, or undefined before the server has chosen one.
   */
  url?: string | ((user: string | undefined) => string);
  /**
   * The user's name, 1 to 64 bytes. Without one the server chooses a name. With one, the messages that wait for this
   * user are available before the first connection.
   */
  name?: string | undefined;
  /** The token, for servers that require one. A server in open mode ignores it and uses the name. */
  token?: string | undefined;
  /** Returns the store for the unacknowledged messages of a user; default: IndexedDB, or memory if there is none. */
  store?(user: string): OutboxStore;
  /** Makes a socket. Required if there is no global WebSocket (Node before 22), or to send headers. */
  open?(url: string, protocols: string[]): Socket;
  /** Returns a number from 0 to 1 for the jitter of the reconnect delay; default: Math.random. */
  random?(): number;
}

/** The options of `send`. All may be left out. */
export interface SendOptions {
  /**
   * The message's id, 1 to 64 bytes; default: a new random one. A message that is sent again with the same id, as by a
   * program that was restarted, is on the record once: with a `target` or `since` however late it is sent again,
   * otherwise within the server's `limits.ids` (10 minutes).
   */
  id?: string | undefined;
  /** The seq of the entry that it answers, at least 1. */
  target?: Seq | undefined;
  /**
   * With an `id`: a seq, at least 0, that is lower than that of the message if it was sent before, such as the seq of
   * the message that it is about. Default: `target`.
   */
  since?: Seq | undefined;
  /**
   * The application's own data: an object that JSON can represent, at most `limits.meta` bytes of JSON. `send` copies
   * it.
   */
  meta?: Record<string, unknown> | undefined;
}

/** The events of a `Chat`, and the data that each passes to its listeners. */
export interface ChatEvents {
  /** The state of the connection has changed. */
  state: ConnectionState;
  /**
   * Something of a conversation has changed: its entries, people, read marks, waiting messages, or whether it is
   * joined. If `awaited`, it is the result of an action (a page that was requested, the last entry of a join, a send),
   * and should be drawn at once. Other changes may come many times a second.
   */
  change: { conversation: string; awaited: boolean };
  /**
   * A message of an open conversation: in order, each once, from the start of the last join on. A program that has
   * processed the message saves `position`, and passes it to `join` when it is restarted.
   */
  message: { conversation: string; message: Message; position: Position };
  /** A message of this client is on the record. It has its `seq`, `time` and receipt (`sum`). */
  recorded: OutboxItem;
  /**
   * A message was refused by the client or the server, and is not sent again unless `retry` is called. Its `code` and
   * `reason` say why.
   */
  failed: OutboxItem;
  /** The record was replaced (removed, restored or wiped). The client has dropped all that it held of the old one. */
  reset: { conversation: string };
  /** From now on, waiting messages would be lost with this page or program; or they are stored again. */
  storage: StorageState;
  /**
   * The server refused a request that nothing waits for, such as a read mark. Or the session may not join more
   * conversations (`rate_limited`): those in `conversations` are not joined until others are left.
   */
  problem: { code: string; reason: string; conversation?: string; conversations?: string[] };
}

/** The part of `Chat` that a page needs. Programs use `Chat`. */
export class PageChat extends Emitter<ChatEvents> {
  readonly connection: PageConnection;
  /** The user's name in its normal form, from the last welcome; undefined before the first. */
  user: string | undefined;
  protected outbox: Outbox;
  private owner: string | undefined; // the user whose messages are in the outbox
  // resolves when the outbox is closed; undefined while it is open
  protected closed: Promise<void> | undefined = Promise.resolve();
  private readonly conversations = new Map<string, Conversation>();
  private crowded = false; // some conversations are not joined because of the limit
  private room = Infinity; // joins that the server allowed before it refused one
  private readonly leftOut = new Set<string>(); // not joined because of the limit, and not reported yet

  /**
   * Does nothing before `connect`, so a server that renders a page can make one without a WebSocket.
   */
  constructor(private readonly options: ChatOptions = {}) {
    super();
    const { open, random, token } = options;
    this.connection = this.newConnection({
      url: (user) => this.address(user),
      protocols: () => (token === undefined ? ['verbatim.v1'] : ['verbatim.v1', `bearer.${token}`]),
      onState: (state) => this.entered(state),
      onFrame: (frame) => this.receive(frame),
      onTooBig: () => this.outbox.tooBig(),
      ...defined({ open, random }),
    });
    this.outbox = this.newOutbox();
  }

  /** Connects, and reconnects after each loss until `close`. */
  connect(): void {
    this.connection.start();
  }

  /** Ends the connection. Resolves once the store is written, with the number of messages without an ack. */
  async close(): Promise<number> {
    this.connection.stop();
    await this.closed;
    return this.outbox.left;
  }

  /** The server's limits, from the last welcome; `defaultLimits` before the first. */
  get limits(): Limits {
    return this.connection.limits;
  }

  /** Whether waiting messages would survive a restart of this page or program, as far as is known. */
  get storage(): StorageState {
    return this.outbox.storage;
  }

  /** Returns the conversation with this id. It need not be joined; the same id returns the same object. */
  conversation(id: string): Conversation {
    let conversation = this.conversations.get(id);
    if (!conversation) {
      conversation = new Conversation(id, this.connection, {
        onChange: (awaited) => this.changed(id, awaited),
        onReset: () => this.reset(id),
        onWanted: () => this.makeRoom(),
        onAnswered: () => this.answered(id),
        onNoRoom: (reason) => this.noRoom(id, reason),
        onProblem: ({ code, reason }) => this.emit('problem', { code, reason, conversation: id }),
        onMessage: (message) => this.messageSeen(message),
      });
      this.conversations.set(id, conversation);
    }
    return conversation;
  }

  /** Joins a conversation for all of its entries. Other joins stay. With a start it joins again from there. */
  join(id: string, start?: Start): Conversation {
    const conversation = this.conversation(id);
    conversation.wish = 'open';
    if (start) conversation.enterFrom(start);
    else conversation.enter('open');
    return conversation;
  }

  /** Joins a conversation, and only follows the one that was open before: for a page that shows one at a time. */
  open(id: string): Conversation {
    const opened = this.conversation(id);
    for (const other of this.conversations.values()) {
      if (other === opened || other.mode !== 'open') continue;
      if (other.wish === 'open') other.wish = 'followed';
      other.enter('followed');
    }
    return this.join(id);
  }

  /**
   * Follows conversations that are not open: gets their newest seq, and not their entries. A session may join
   * `limits.joins` conversations. Beyond that the last ones are not joined until others are left; one `problem` event
   * names them.
   */
  follow(ids: string[]): void {
    for (const id of ids) {
      const conversation = this.conversation(id);
      if (conversation.wish === 'idle') conversation.wish = 'followed';
      if (conversation.mode === 'idle') conversation.enter('followed');
    }
  }

  /** Leaves a conversation. Messages that wait in it are still sent. */
  leave(id: string): void {
    const conversation = this.conversations.get(id);
    if (!conversation) return;
    conversation.wish = 'idle';
    conversation.leave();
  }

  /**
   * Queues a message in the outbox, connected or not, and returns it. The events `recorded` and `failed` report the
   * outcome, and so does `Chat.settled`. A message that the server would refuse for its size or form has the state
   * `failed` on return, and is not stored; the event follows. Before the first welcome `defaultLimits` apply. A message
   * whose id waits already is that message, and is not sent twice.
   */
  send(id: string, text: string, { id: own, target, since, meta }: SendOptions = {}): OutboxItem {
    const conversation = this.conversations.get(id);
    conversation?.typed();
    const earliest = own === undefined ? undefined : (since ?? target);
    const { newest = 0, log } = conversation ?? {};
    return this.outbox.add({ conversation: id, text, id: own, newest, earliest, log, target, meta });
  }

  /**
   * Resolves with a page of a conversation's record, joined or not: entries with a seq above `after` and below
   * `before`; without both, the newest. `limit` is 0 to 1000 entries; default 50. Rejects with a RequestError.
   */
  async history(id: string, range: { before?: Seq; after?: Seq; limit?: number } = {}): Promise<HistoryPage> {
    const problem = conversationProblem(id);
    if (problem) throw RequestError.of(problem);
    return (await this.connection.ask({ type: 'history', conversation: id, ...range })) as HistoryPage;
  }

  /** Returns the user's own messages that the timeline does not hold yet: those on their way, and failed ones. */
  unsettled(id: string): OutboxItem[] {
    return this.outbox.in(id);
  }

  /** Sends a failed message again, at its old place in the queue. Takes the message, or its id if that is unique. */
  retry(item: string | OutboxItem): void {
    this.outbox.retry(item);
  }

  /**
   * Gives a message up: it is neither sent again nor stored. If it was sent already, it may still come onto the record.
   */
  discard(item: string | OutboxItem): void {
    this.outbox.discard(item);
  }

  protected newConnection(options: ConnectionOptions): PageConnection {
    return new PageConnection(options);
  }

  /** Called when a message is settled; and without one, when the store has been read. */
  protected onSettled(_item?: OutboxItem): void {}

  /** Called when another user has connected: messages of the one before are not settled here. */
  protected onParted(): void {}

  /** The name from the options in the normal form that the server uses, under which the store keeps messages. */
  private get name(): string | undefined {
    const { name } = this.options;
    return name === undefined ? undefined : normalName(name);
  }

  private address(user: string | undefined): string {
    const { url } = this.options;
    const known = user ?? this.name;
    if (typeof url === 'function') return url(known);
    const address = socketAddress(url);
    if (known !== undefined) address.searchParams.set('name', known);
    return address.href;
  }

  private entered(state: ConnectionState): void {
    const known = this.user ?? this.name;
    if (state.phase === 'connecting' && known !== undefined) this.openOutbox(known);
    if (state.phase === 'stopped') this.closed ??= this.outbox.close();
    if (state.phase === 'online') this.online(state.welcome.user);
    else for (const conversation of this.conversations.values()) conversation.disconnected();
    this.emit('state', state, () => this.connection.state === state);
  }

  private online(user: string): void {
    this.user = user;
    this.openOutbox(user);
    this.outbox.weigh(this.limits);
    this.room = Infinity;
    this.makeRoom();
    for (const conversation of this.conversations.values()) {
      if (conversation.mode !== 'idle' && !conversation.asked) conversation.join();
    }
    for (const id of this.outbox.conversations()) this.outbox.pump(id);
  }

  /**
   * Opens the outbox of a user. Messages that were written before a user was known are theirs. Those of another user
   * stay in that user's store.
   */
  private openOutbox(user: string): void {
    if (!this.closed && this.owner === user) return;
    if (this.owner !== undefined && this.owner !== user) {
      void this.outbox.close();
      this.outbox = this.newOutbox();
      this.onParted();
      for (const conversation of this.conversations.values()) conversation.forgetRead();
    }
    this.owner = user;
    this.closed = undefined;
    void this.outbox.open(this.storeOf(user));
  }

  private newOutbox(): Outbox {
    return new Outbox({
      request: (request, onReply) => this.connection.request(request, onReply),
      place: (id) => this.place(id),
      logOf: (id) => this.joinedLogOf(id),
      onChange: (id, awaited) => this.changed(id, awaited),
      onRecorded: (item) => this.recorded(item),
      onAck: (ack) => this.conversations.get(ack.conversation)?.acked(ack),
      onFailed: (item) => this.emit('failed', item),
      onSettled: (item) => this.onSettled(item),
      onStorage: (state) => this.emit('storage', state),
    });
  }

  private storeOf(user: string): OutboxStore {
    if (this.options.store) return this.options.store(user);
    if (!hasIndexedDb()) return new MemoryStore();
    const [server] = this.address(user).split('?');
    return new IndexedDbStore({ user, database: `verbatim ${server}` }); // one for each server
  }

  /** Messages are sent to a conversation once it is joined: only then is it known which log they belong to. */
  private place(id: string): Place | undefined {
    if (this.connection.state.phase !== 'online') return undefined;
    const conversation = this.conversations.get(id);
    return conversation ? conversation.place() : { known: false };
  }

  private joinedLogOf(id: string): string | undefined {
    const conversation = this.conversations.get(id);
    return conversation?.joined ? conversation.log : undefined;
  }

  private answered(id: string): void {
    this.settle(id);
    this.outbox.pump(id);
    this.makeRoom();
  }

  /**
   * Chooses which conversations are joined if there are more than a session may join: open ones first, then in the
   * order in which they were requested.
   */
  private makeRoom(): void {
    const joins = Math.min(this.limits.joins, this.room);
    if (this.connection.state.phase !== 'online' || (this.conversations.size <= joins && !this.crowded)) return;
    const wanted = [...this.conversations.values()].filter((conversation) => conversation.takesPlace);
    this.crowded = wanted.length > joins;
    if (wanted.length > joins) wanted.sort((a, b) => Number(b.mode === 'open') - Number(a.mode === 'open'));
    const reason = `a session joins at most ${joins} conversations: leave one first`;
    for (const conversation of wanted.slice(joins)) {
      if (conversation.aside) continue;
      conversation.setAside({ code: 'rate_limited', reason });
      this.leaveOut(conversation.id, reason);
      this.settle(conversation.id);
      this.outbox.pump(conversation.id);
    }
    for (const conversation of wanted.slice(0, joins)) if (conversation.aside) conversation.letIn();
  }

  /** The server refused a join earlier than expected: the session has joins of its address, for example. */
  private noRoom(id: string, reason: string): void {
    this.room = [...this.conversations.values()].filter((conversation) => conversation.joined).length;
    this.crowded = true;
    this.leaveOut(id, reason);
  }

  /** Reports all conversations that are not joined in one event. */
  private leaveOut(id: string, reason: string): void {
    if (this.leftOut.size === 0)
      queueMicrotask(() => {
        const conversations = [...this.leftOut];
        this.leftOut.clear();
        this.emit('problem', { code: 'rate_limited', reason, conversations });
      });
    this.leftOut.add(id);
  }

  private reset(id: string): void {
    this.outbox.prune(id, Infinity); // acknowledged messages were on the old record
    this.outbox.displace(id);
    this.conversation(id).revision++;
    this.emit('reset', { conversation: id });
  }

  private recorded(item: OutboxItem): void {
    this.emit('recorded', item);
    this.settle(item.conversation);
  }

  private settle(id: string): void {
    const conversation = this.conversations.get(id);
    const shown = conversation?.mode === 'open' ? conversation.timeline.last : Infinity; // only open ones are shown
    this.outbox.prune(id, shown);
  }

  private messageSeen(message: Message): void {
    if (message.from === this.user && message.id !== undefined) this.outbox.seen(message);
    const position = this.conversation(message.conversation).position!;
    this.emit('message', { conversation: message.conversation, message, position });
  }

  private changed(id: string, awaited = false): void {
    const conversation = this.conversations.get(id);
    if (conversation) conversation.revision++;
    this.emit('change', { conversation: id, awaited });
  }

  private receive(frame: ServerFrame | Entry): void {
    if (frame.type === 'error') {
      const { code, reason, conversation } = frame as ErrorFrame;
      if (conversation !== undefined && this.conversations.get(conversation)?.refusedMark(frame as ErrorFrame)) return;
      this.emit('problem', defined({ code, reason, conversation }));
      return;
    }
    if (!('conversation' in frame) || frame.conversation === undefined) return;
    const conversation = this.conversations.get(frame.conversation);
    if (frame.type === 'read' && (frame as { user: string }).user === this.user) {
      conversation?.readElsewhere((frame as Entry).seq);
      return;
    }
    conversation?.receive(frame);
  }
}
