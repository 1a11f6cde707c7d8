// The whole client: a page's, and what programs need besides. They begin where an earlier life left off, wait for what
// becomes of a message, and end when all is sent.
import { Connection } from './connection.ts';
import type { Conversation } from './conversation.ts';
import type { OutboxItem } from './outbox-item.ts';
import { PageChat } from './page-chat.ts';
import type { ConnectionOptions } from './page-connection.ts';
import { type JoinOptions, startOf } from './position.ts';
import { RequestError } from './request-error.ts';
import { Settling } from './settling.ts';

export type { ChatEvents, ChatOptions, SendOptions } from './page-chat.ts';

export interface CloseOptions {
  /** How many milliseconds the connection may stay, to put what waits on the record. */
  flush?: number | undefined;
}

const longestTimer = 2 ** 31 - 1; // ms, 25 days: what is set for longer is over at once

export class Chat extends PageChat {
  declare readonly connection: Connection;
  private readonly settling = new Settling();
  private wishes = 0; // to be connected

  /** Connects, and stays connected until `close`. Throws where there is no WebSocket to connect with. */
  override connect(): void {
    this.wishes++;
    super.connect();
  }

  /**
   * Ends the connection: at once, or with `flush` when all that waits is on the record or has failed, at the latest
   * after so many milliseconds; `connect` before that keeps it. Resolves when all that was to be kept is kept, with how
   * many messages were left without an ack: they are on the record or not, and go on with `connect`, or with the next
   * one who opens the store; without a store that lasts they are lost with this client.
   */
  override async close({ flush = 0 }: CloseOptions = {}): Promise<number> {
    const { wishes } = this;
    if (flush > 0) await this.flush(flush);
    if (wishes === this.wishes) return super.close();
    await this.closed;
    return this.outbox.left;
  }

  /**
   * Gets every entry of a conversation, beside what else is joined: the newest 50 and what comes, or from where the
   * options say. What is joined already stays as it is without options, and with some begins anew. Throws a
   * RequestError where the options make no sense.
   */
  override join(id: string, options?: JoinOptions): Conversation {
    return super.join(id, options && startOf(options));
  }

  /**
   * Resolves once a message is on the record, has failed, or was discarded: its `state` says which. While it waits this
   * does, through lost connections, `close` and `connect`. Rejects with a RequestError (`disconnected`) where another
   * user is connected before that.
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

  /** Waits until nothing waits, for so many milliseconds, while there is a connection or may be one again. */
  private async flush(milliseconds: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let off = () => {};
    const given = new Promise<void>((resolve) => {
      const over = (phase: string) => void ((phase === 'stopped' || phase === 'refused') && resolve());
      if (milliseconds <= longestTimer) timer = setTimeout(resolve, milliseconds);
      off = this.on('state', ({ phase }) => over(phase));
      over(this.connection.state.phase);
    });
    await Promise.race([given, this.drained()]);
    clearTimeout(timer);
    off();
  }

  /** Waits until nothing waits; where another user comes meanwhile, until nothing of that user's does. */
  private async drained(): Promise<void> {
    while (!this.outbox.drained) await this.settling.of('any');
  }
}
