// The whole client: one connection, the conversations that are open or followed on it, and the outbox.
import { Connection, type ConnectionState, type Socket } from './connection.ts';
import { Conversation } from './conversation.ts';
import { Outbox, type OutboxItem } from './outbox.ts';
import type { OutboxStore } from './outbox-store.ts';
import type { Entry, Message, Seq, ServerFrame } from './protocol.ts';

export interface ChatOptions {
  url(user: string | undefined): string;
  protocols?(): string[];
  /** Where unacknowledged sends of a user are kept. The user is known from the welcome on. */
  store(user: string): OutboxStore;
  onState(state: ConnectionState): void;
  onChange(conversation: string): void;
  onReset(conversation: string): void;
  /** The server refuses something that no part of the client waits for. */
  onProblem(reason: string): void;
  open?(url: string, protocols: string[]): Socket;
  random?(): number;
}

export class Chat {
  readonly connection: Connection;
  /** The user's name as the server knows it. */
  user: string | undefined;
  private outbox: Outbox | undefined; // from the first welcome on
  private readonly conversations = new Map<string, Conversation>();

  constructor(private readonly options: ChatOptions) {
    const { open, random, protocols } = options;
    this.connection = new Connection({
      url: (user) => options.url(user),
      onState: (state) => this.entered(state),
      onFrame: (frame) => this.receive(frame),
      ...(protocols && { protocols }), ...(open && { open }), ...(random && { random }),
    });
  }

  conversation(id: string): Conversation {
    let conversation = this.conversations.get(id);
    if (!conversation) {
      conversation = new Conversation(id, this.connection, {
        onChange: () => this.options.onChange(id),
        onReset: () => this.options.onReset(id),
        onJoined: () => this.joined(id),
        onMessage: (message) => this.messageSeen(message),
      });
      this.conversations.set(id, conversation);
    }
    return conversation;
  }

  /** Opens one conversation; the one that was open is followed from now on. */
  open(id: string): Conversation {
    const opened = this.conversation(id);
    for (const other of this.conversations.values()) {
      if (other !== opened && other.mode === 'open') other.enter('followed');
    }
    opened.enter('open');
    return opened;
  }

  /** Hears of the newest seq of these conversations, where they are not open. */
  follow(ids: string[]): void {
    for (const id of ids) {
      const conversation = this.conversation(id);
      if (conversation.mode === 'idle') conversation.enter('followed');
    }
  }

  /** Puts a message into the outbox; `target` is the seq that it answers to. */
  send(id: string, text: string, target?: Seq): void {
    const conversation = this.conversation(id);
    this.outbox?.add(id, text, conversation.timeline.last, conversation.timeline.log, target);
    conversation.typed();
  }

  /** The user's own messages that the timeline does not show yet. */
  unsettled(id: string): OutboxItem[] {
    return this.outbox?.in(id) ?? [];
  }

  retry(id: string): void {
    this.outbox?.retry(id);
  }

  discard(id: string): void {
    this.outbox?.discard(id);
  }

  private entered(state: ConnectionState): void {
    if (state.phase === 'online') this.online(state.welcome.user);
    else for (const conversation of this.conversations.values()) conversation.disconnected();
    this.options.onState(state);
  }

  private online(user: string): void {
    if (this.user !== user) {
      this.user = user;
      this.outbox = this.outboxOf(user);
    }
    for (const conversation of this.conversations.values()) {
      if (conversation.mode !== 'idle') conversation.join();
    }
    for (const id of this.outbox?.conversations() ?? []) this.outbox?.pump(id);
  }

  private outboxOf(user: string): Outbox {
    return new Outbox({
      store: this.options.store(user),
      request: (request, onReply) => this.connection.request(request, onReply),
      ready: (id) => this.ready(id),
      onChange: (id) => this.options.onChange(id),
      onAck: (item) => this.settle(item.conversation),
    });
  }

  /** An open conversation takes sends once it is joined, for only then is it sure which log they belong to. */
  private ready(id: string): boolean {
    const { mode, joined } = this.conversation(id);
    return this.connection.state.phase === 'online' && (mode !== 'open' || joined);
  }

  private joined(id: string): void {
    const { mode, timeline } = this.conversation(id);
    if (mode === 'open') this.outbox?.rebase(id, timeline.log);
    this.settle(id);
    this.outbox?.pump(id);
  }

  private settle(id: string): void {
    const { mode, timeline } = this.conversation(id);
    this.outbox?.prune(id, mode === 'open' ? timeline.last : Infinity); // what is not open shows nothing
  }

  private messageSeen(message: Message): void {
    if (message.from === this.user && message.id !== undefined) this.outbox?.seen(message.id);
  }

  private receive(frame: ServerFrame | Entry): void {
    if (frame.type === 'error') {
      this.options.onProblem((frame as { reason: string }).reason);
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
