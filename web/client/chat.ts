// The whole client: that of a page, and what only programs need. Programs resume at a position that they kept, wait for
// the outcome of a message, and close when all messages are sent.
import { Connection } from './connection.ts';
import type { Conversation } from './conversation.ts';
import type { OutboxItem } from './outbox-item.ts';
import { PageChat } from './page-chat.ts';
import type { ConnectionOptions } from './page-connection.ts';
import { type JoinOptions, startOf } from './position.ts';
import { RequestError } from './request-error.ts';
import { Settling } from './settling.ts';

export type { ChatEvents, ChatOptions, SendOptions } from './page-chat.ts';

/** How `Chat.close` ends. */
export interface CloseOptions {
  /** Milliseconds for which the connection may stay open to send the waiting messages; 0 if left out. */
  flush?: number | undefined;
}

const maxTimer = 2 ** 31 - 1; // ms, 25 days: a longer timer would fire at once

/**
 * A chat client: one connection, the conversations joined on it, and an outbox of messages that are not acknowledged
 * yet. It keeps its promises through lost connections and, with a store that lasts, through restarts.
 */
export class Chat extends PageChat {
  declare readonly connection: Connection;
  private readonly settling = new Settling();
  private connects = 0; // calls of connect

  /** Connects, and reconnects after each loss until `close`. Throws if this host has no WebSocket. */
  override connect(): void {
    this.connects++;
    super.connect();
  }

  /**
   * Ends the connection. Without `flush` it does so at once. With it, it waits until each waiting message is on the
   * record or has failed, for at most that many milliseconds; a `connect` meanwhile keeps the connection.
   *
   * Resolves once the store is written, with the number of messages without an ack. Each may be on the record or not.
   * The next `connect`, or the next client that opens the store, sends them; a store in memory loses them.
   */
  override async close({ flush = 0 }: CloseOptions = {}): Promise<number> {
    const { connects } = this;
    if (flush > 0) await this.flush(flush);
    if (connects === this.connects) return super.close();
    await this.closed;
    return this.outbox.left;
  }

  /**
   * Joins a conversation and returns it. Its entries come as `message` events: by default the newest 50 and then live
   * ones, otherwise from where the options say. Other joins stay. If it is joined already, a call without options
   * changes nothing, and one with options joins again from there. Throws a RequestError (`bad_request`) if the options
   * are not valid.
   */
  override join(id: string, options?: JoinOptions): Conversation {
    return super.join(id, options && startOf(options));
  }

  /**
   * Resolves with the message once it is on the record, has failed, or was discarded: its `state` says which. It waits
   * through lost connections, `close` and `connect`. Rejects with a RequestError: `disconnected` if another user
   * connects before that, `bad_request` if no such message waits.
   */
  async settled(asked: OutboxItem): Promise<OutboxItem> {
    const item = asked.state === 'sending' ? this.outbox.lookUp(asked) : asked;
    if (!item) {
      throw new RequestError('bad_request', `no message with the id ${asked.id} waits in ${asked.conversation}`);
    }
    if (item.state !== 'sending' || (await this.settling.of(item))) return item;
    throw new RequestError('disconnected', 'another user is connected now: the message waits for the one who wrote it');
  }

  protected override newConnection(options: ConnectionOptions): Connection {
    return new Connection(options);
  }

  protected override onSettled(item?: OutboxItem): void {
    if (item) this.settling.tell(item);
    this.settling.tell('any');
  }

  protected override onParted(): void {
    this.settling.abandon();
  }

  /** Waits until the outbox is empty, for at most so many milliseconds, as long as the connection may come back. */
  private async flush(milliseconds: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let off = () => {};
    const given = new Promise<void>((resolve) => {
      const over = (phase: string) => void ((phase === 'stopped' || phase === 'refused') && resolve());
      if (milliseconds <= maxTimer) timer = setTimeout(resolve, milliseconds);
      off = this.on('state', ({ phase }) => over(phase));
      over(this.connection.state.phase);
    });
    await Promise.race([given, this.drained()]);
    clearTimeout(timer);
    off();
  }

  /** Waits until the outbox is empty. If another user connects meanwhile, it waits for the outbox of that user. */
  private async drained(): Promise<void> {
    while (!this.outbox.drained) await this.settling.of('any');
  }
}
