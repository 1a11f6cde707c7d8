// The whole client: one connection, the conversations that are open or followed on it, and the outbox.
import { socketAddress } from './address.ts';
import { Connection, type ConnectionState, type Socket } from './connection.ts';
import { Conversation } from './conversation.ts';
import { Emitter } from './events.ts';
import { hasIndexedDb, IndexedDbStore } from './indexed-db-store.ts';
import type { StorageState } from './keeper.ts';
import { Outbox, type OutboxItem, type Place } from './outbox.ts';
import { MemoryStore, type OutboxStore } from './outbox-store.ts';
import type { Entry, ErrorFrame, HistoryPage, Message, Seq, ServerFrame } from './protocol.ts';
import { normalName } from './words.ts';

export interface ChatOptions {
  /**
   * The address of the server's /ws, which may be relative to the page; `ws` beside the page where there is none. Or a function of the
   * user's name, which is not known before the server has given one.
   */
  url?: string | ((user: string | undefined) => string);
  /** The user's name, where it is known before the server says it: what waits under it is there at once, also without a network. */
  name?: string | undefined;
  /** For servers that ask for one. */
  token?: string | undefined;
  /** Where unacknowledged sends of a user are kept: in IndexedDB unless this says otherwise, and in memory where there is none. */
  store?(user: string): OutboxStore;
  /** Makes a socket. Needed where there is no global WebSocket (Node before 22), and to send headers. */
  open?(url: string, protocols: string[]): Socket;
  /** From 0 to 1, as Math.random: the jitter of the backoff. */
  random?(): number;
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
  /** An entry of an open conversation: in order, each once, from where the newest join began. */
  message: { conversation: string; message: Message };
  /** A message of this client is on the record. */
  recorded: OutboxItem;
  /** A message was refused, and is not sent again before `retry`. Its `reason` says why. */
  failed: OutboxItem;
  /** The conversation's record was replaced (removed, restored or wiped): what was held of the old one is gone. */
  reset: { conversation: string };
  /** What waits would be lost with this page from now on; or is kept again. */
  storage: StorageState;
  /** The server refuses something that no part of the client waits for. */
  problem: { code: string; reason: string; conversation?: string };
}

export class Chat extends Emitter<ChatEvents> {
  readonly connection: Connection;
  /** The user's name as the server knows it. */
  user: string | undefined;
  private outbox: Outbox;
  private owner: string | undefined; // whose sends are in the outbox
  private closed: Promise<void> | undefined = Promise.resolve(); // the outbox's being so; undefined while it is open
  private readonly conversations = new Map<string, Conversation>();

  /** Throws where there is no WebSocket to connect with. Nothing happens before `connect`. */
  constructor(private readonly options: ChatOptions) {
    super();
    const { open, random, token } = options;
    this.connection = new Connection({
      url: (user) => this.address(user),
      protocols: () => (token === undefined ? ['verbatim.v1'] : ['verbatim.v1', `bearer.${token}`]),
      onState: (state) => this.entered(state),
      onFrame: (frame) => this.receive(frame),
      ...(open && { open }), ...(random && { random }),
    });
    this.outbox = this.newOutbox();
  }

  /** Connects, and stays connected until `close`. */
  connect(): void {
    this.connection.start();
  }

  /** Ends the connection, and resolves when all that was to be kept is kept. `connect` goes on from there. */
  async close(): Promise<void> {
    this.connection.stop();
    await this.closed;
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
        onAnswered: () => this.answered(id),
        onMessage: (message) => this.messageSeen(message),
      });
      this.conversations.set(id, conversation);
    }
    return conversation;
  }

  /** Gets every entry of a conversation, beside what else is joined. */
  join(id: string): Conversation {
    const conversation = this.conversation(id);
    conversation.enter('open');
    return conversation;
  }

  /** Opens one conversation, as a page does that shows one at a time: the one that was open is followed from now on. */
  open(id: string): Conversation {
    const opened = this.conversation(id);
    for (const other of this.conversations.values()) {
      if (other !== opened && other.mode === 'open') other.enter('followed');
    }
    return this.join(id);
  }

  /** Hears of the newest seq of these conversations, where they are not open. */
  follow(ids: string[]): void {
    for (const id of ids) {
      const conversation = this.conversation(id);
      if (conversation.mode === 'idle') conversation.enter('followed');
    }
  }

  leave(id: string): void {
    this.conversations.get(id)?.leave();
  }

  /**
   * Puts a message into the outbox, whether there is a connection or not; `target` is the seq that it answers to, `meta` the
   * application's own. What comes of it is told by `recorded` and `failed`, or by `settled`.
   */
  send(id: string, text: string, target?: Seq, meta?: Record<string, unknown>): OutboxItem {
    const conversation = this.conversation(id);
    const { newest: since, log } = conversation;
    conversation.typed();
    return this.outbox.add({ conversation: id, text, since, log, target, meta });
  }

  /** Resolves once a message is on the record, or has failed; never where it is discarded. */
  settled(item: OutboxItem): Promise<OutboxItem> {
    return new Promise((resolve) => {
      if (item.state !== 'sending') return resolve(item);
      const off = [this.on('recorded', check), this.on('failed', check)];
      function check(settled: OutboxItem): void {
        if (settled !== item) return;
        for (const stop of off) stop();
        resolve(item);
      }
    });
  }

  /** One page of a conversation's record, joined or not; the newest without `before` and `after`. Rejects with a RequestError. */
  async history(id: string, range: { before?: Seq; after?: Seq; limit?: number } = {}): Promise<HistoryPage> {
    return (await this.connection.ask({ type: 'history', conversation: id, ...range })) as HistoryPage;
  }

  /** The user's own messages that the timeline does not show yet. */
  unsettled(id: string): OutboxItem[] {
    return this.outbox.in(id);
  }

  /** Sends a failed message again, in its old place in the queue. */
  retry(id: string): void {
    this.outbox.retry(id);
  }

  discard(id: string): void {
    this.outbox.discard(id);
  }

  /** The name that was given, in the form in which the server will say it: what waits under it is that user's. */
  private get name(): string | undefined {
    const { name } = this.options;
    return name === undefined ? undefined : normalName(name);
  }

  private address(user: string | undefined): string {
    const { url, token } = this.options;
    const known = user ?? this.name;
    if (typeof url === 'function') return url(known);
    const address = socketAddress(url);
    if (known !== undefined && token === undefined) address.searchParams.set('name', known);
    return address.href;
  }

  private entered(state: ConnectionState): void {
    const known = this.user ?? this.name;
    if (state.phase === 'connecting' && known !== undefined) this.openOutbox(known);
    if (state.phase === 'stopped') this.closed ??= this.outbox.close();
    if (state.phase === 'online') this.online(state.welcome.user);
    else for (const conversation of this.conversations.values()) conversation.disconnected();
    this.emit('state', state);
  }

  private online(user: string): void {
    this.user = user;
    this.openOutbox(user);
    for (const conversation of this.conversations.values()) {
      if (conversation.mode !== 'idle') conversation.join();
    }
    for (const id of this.outbox.conversations()) this.outbox.pump(id);
  }

  /** Opens the outbox of a user. What was written before a user was known is theirs; what is another's stays with the other. */
  private openOutbox(user: string): void {
    if (!this.closed && this.owner === user) return;
    if (this.owner !== undefined && this.owner !== user) {
      void this.outbox.close();
      this.outbox = this.newOutbox();
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
      onChange: (id, awaited) => this.changed(id, awaited),
      onRecorded: (item) => this.recorded(item),
      onAck: (ack) => this.conversations.get(ack.conversation)?.acked(ack),
      onFailed: (item) => this.emit('failed', item),
      onStorage: (state) => this.emit('storage', state),
    });
  }

  private storeOf(user: string): OutboxStore {
    if (this.options.store) return this.options.store(user);
    if (!hasIndexedDb()) return new MemoryStore();
    const { url } = this.options;
    const [server] = (typeof url === 'function' ? url(user) : socketAddress(url).href).split('?');
    return new IndexedDbStore({ user, database: `verbatim ${server}` }); // what waits for one server must not go to another
  }

  /** A conversation takes sends once it is joined, for only then is it sure which log they belong to. */
  private place(id: string): Place | undefined {
    return this.connection.state.phase === 'online' ? this.conversation(id).place() : undefined;
  }

  private answered(id: string): void {
    this.settle(id);
    this.outbox.pump(id);
  }

  private reset(id: string): void {
    this.outbox.prune(id, Infinity); // what was acknowledged was so on the old record
    this.outbox.displace(id);
    this.emit('reset', { conversation: id });
  }

  private recorded(item: OutboxItem): void {
    this.emit('recorded', item);
    this.settle(item.conversation);
  }

  private settle(id: string): void {
    const { mode, timeline } = this.conversation(id);
    this.outbox.prune(id, mode === 'open' ? timeline.last : Infinity); // what is not open shows nothing
  }

  private messageSeen(message: Message): void {
    if (message.from === this.user && message.id !== undefined) this.outbox.seen(message.id, message.seq);
    this.emit('message', { conversation: message.conversation, message });
  }

  private changed(id: string, awaited = false): void {
    this.emit('change', { conversation: id, awaited });
  }

  private receive(frame: ServerFrame | Entry): void {
    if (frame.type === 'error') {
      const { code, reason, conversation } = frame as ErrorFrame;
      this.emit('problem', { code, reason, ...(conversation !== undefined && { conversation }) });
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
