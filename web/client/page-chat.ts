// One connection, the conversations that are open or followed on it, and the outbox: what a page of conversations needs
// of a client. What programs need besides is in chat.ts, so that the page does not load it.
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

export interface ChatOptions {
  /**
   * The address of the server's /ws, which may be relative to the page; `ws` beside the page where there is none. Or a function of the
   * user's name, which is not known before the server has given one.
   */
  url?: string | ((user: string | undefined) => string);
  /** The user's name, where it is known before the server says it: what waits under it is there at once, also without a network. */
  name?: string | undefined;
  /** For servers that ask for one. A server that is open passes it over, and goes by the name. */
  token?: string | undefined;
  /** Where unacknowledged sends of a user are kept: in IndexedDB unless this says otherwise, and in memory where there is none. */
  store?(user: string): OutboxStore;
  /** Makes a socket. Needed where there is no global WebSocket (Node before 22), and to send headers. */
  open?(url: string, protocols: string[]): Socket;
  /** From 0 to 1, as Math.random: the jitter of the backoff. */
  random?(): number;
}

export interface SendOptions {
  /**
   * The message's id, 1 to 64 bytes, in place of one that is made up: what a program that was started again sends once
   * more is on the record once. With a `target` or `since` it is so however late that is; else for the server's
   * `limits.ids` (10 minutes).
   */
  id?: string | undefined;
  /** The seq of the entry that it answers to. */
  target?: Seq | undefined;
  /**
   * Beside an `id`: a seq after which the first sending must stand, such as that of what the message is about; `target`
   * without it.
   */
  since?: Seq | undefined;
  /**
   * The application's own: an object that JSON can hold, at most `limits.meta` bytes of it. It is taken as it is now.
   */
  meta?: Record<string, unknown> | undefined;
}

export interface ChatEvents {
  /** The connection is in another state. */
  state: ConnectionState;
  /**
   * Something of a conversation is not as it was: its entries, people, marks, what waits in it, or whether it is joined.
   * `awaited`: somebody looks for it now (a page that was asked for, the end of a join's entries, what one did with a send), which is worth a
   * drawing of its own; what merely happens may come many times a second.
   */
  change: { conversation: string; awaited: boolean };
  /**
   * An entry of an open conversation: in order, each once, from where the newest join began. `position` is where this
   * client stands with it: a program that has dealt with the message keeps that, and hands it to `join` in its next
   * life.
   */
  message: { conversation: string; message: Message; position: Position };
  /** A message of this client is on the record: where, since when, and its receipt. */
  recorded: OutboxItem;
  /**
   * A message was refused, here or by the server, and is not sent again before `retry`. Its `code` and `reason` say
   * why.
   */
  failed: OutboxItem;
  /** The conversation's record was replaced (removed, restored or wiped): what was held of the old one is gone. */
  reset: { conversation: string };
  /** What waits would be lost with this page from now on; or is kept again. */
  storage: StorageState;
  /**
   * The server refuses something that no part of the client waits for; or it has no room for more joins
   * (`rate_limited`), and `conversations` are those that are left out until others are left.
   */
  problem: { code: string; reason: string; conversation?: string; conversations?: string[] };
}

export class PageChat extends Emitter<ChatEvents> {
  readonly connection: PageConnection;
  /** The user's name as the server knows it. */
  user: string | undefined;
  protected outbox: Outbox;
  private owner: string | undefined; // whose sends are in the outbox
  protected closed: Promise<void> | undefined = Promise.resolve(); // the outbox's being so; undefined while it is open
  private readonly conversations = new Map<string, Conversation>();
  private crowded = false; // some are left out
  private room = Infinity; // joins, where the server has said that there is no more
  private readonly leftOut = new Set<string>(); // for want of room, and not told of yet

  /**
   * Nothing happens before `connect`: so one may be made where there is no WebSocket, as by a server that renders a
   * page.
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

  /** Connects, and stays connected until `close`. */
  connect(): void {
    this.connection.start();
  }

  /** Ends the connection. Resolves when all that was to be kept is kept, with how many messages have no ack. */
  async close(): Promise<number> {
    this.connection.stop();
    await this.closed;
    return this.outbox.left;
  }

  /** The server's limits, as of the last welcome; the contract's own before the first. */
  get limits(): Limits {
    return this.connection.limits;
  }

  /** Whether what waits would survive this page, as far as is known. */
  get storage(): StorageState {
    return this.outbox.storage;
  }

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

  /** Gets every entry of a conversation, beside what else is joined. Where a start is given it begins anew there. */
  join(id: string, start?: Start): Conversation {
    const conversation = this.conversation(id);
    conversation.wish = 'open';
    if (start) conversation.enterFrom(start);
    else conversation.enter('open');
    return conversation;
  }

  /** Opens one conversation, as a page does that shows one at a time: the one that was open is followed from now on. */
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
   * Hears of the newest seq of these conversations, where they are not open. A session joins no more than
   * `limits.joins`: what is too much is left out, the last that were asked for first, and told by one `problem`; it
   * comes in as soon as there is room.
   */
  follow(ids: string[]): void {
    for (const id of ids) {
      const conversation = this.conversation(id);
      if (conversation.wish === 'idle') conversation.wish = 'followed';
      if (conversation.mode === 'idle') conversation.enter('followed');
    }
  }

  leave(id: string): void {
    const conversation = this.conversations.get(id);
    if (!conversation) return;
    conversation.wish = 'idle';
    conversation.leave();
  }

  /**
   * Puts a message into the outbox, whether there is a connection or not. What comes of it is told by `recorded` and
   * `failed`; and, in a Chat, by `settled`. One that the server would refuse for its size or its shape has failed when this returns
   * (`failed` is told right after), and is not kept; before the first welcome the contract's own limits count. An id
   * that waits already is the same message, and not sent twice.
   */
  send(id: string, text: string, { id: own, target, since, meta }: SendOptions = {}): OutboxItem {
    const conversation = this.conversations.get(id);
    conversation?.typed();
    const earliest = own === undefined ? undefined : (since ?? target);
    const { newest = 0, log } = conversation ?? {};
    return this.outbox.add({ conversation: id, text, id: own, newest, earliest, log, target, meta });
  }

  /** One page of a conversation's record, joined or not; the newest without `before` and `after`. Rejects with a RequestError. */
  async history(id: string, range: { before?: Seq; after?: Seq; limit?: number } = {}): Promise<HistoryPage> {
    const problem = conversationProblem(id);
    if (problem) throw RequestError.of(problem);
    return (await this.connection.ask({ type: 'history', conversation: id, ...range })) as HistoryPage;
  }

  /** The user's own messages that the timeline does not show yet. */
  unsettled(id: string): OutboxItem[] {
    return this.outbox.in(id);
  }

  /** Sends a failed message again, in its old place in the queue. An item, or its id where that is unique. */
  retry(item: string | OutboxItem): void {
    this.outbox.retry(item);
  }

  /**
   * Gives a message up: it is not sent any more, and not kept. One that is on its way may come onto the record all the
   * same.
   */
  discard(item: string | OutboxItem): void {
    this.outbox.discard(item);
  }

  protected newConnection(options: ConnectionOptions): PageConnection {
    return new PageConnection(options);
  }

  /** A message is settled; or, without one, what the store holds is known now. */
  protected onSettled(_item?: OutboxItem): void {}

  /** Another user is here now: what waits is not theirs, and is not settled here. */
  protected onParted(): void {}

  /** The name that was given, in the form in which the server will say it: what waits under it is that user's. */
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

  /** Opens the outbox of a user. What was written before a user was known is theirs; what is another's stays with the other. */
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
    return new IndexedDbStore({ user, database: `verbatim ${server}` }); // what waits for one server must not go to another
  }

  /** A conversation takes sends once it is joined, for only then is it sure which log they belong to. */
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
   * Decides who is joined, where a session may not join all that is wanted: what is open first, and then what was asked
   * for first.
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

  /** The session has joins that are not known of here, such as those of its address. */
  private noRoom(id: string, reason: string): void {
    this.room = [...this.conversations.values()].filter((conversation) => conversation.joined).length;
    this.crowded = true;
    this.leaveOut(id, reason);
  }

  /** Tells of all that is left out at once. */
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
    this.outbox.prune(id, Infinity); // what was acknowledged was so on the old record
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
    const shown = conversation?.mode === 'open' ? conversation.timeline.last : Infinity; // what is not open shows nothing
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
