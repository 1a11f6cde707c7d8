// The connection of a program. Its host may have no WebSocket, and its sockets may say why one did not open.
import { meaningOf, type Told, toldBy } from './cause.ts';
import { neverTold, PageConnection, type Socket } from './page-connection.ts';

const closeFollows = 100; // ms after an error event in which the close event comes, if it comes

/** The connection of a `Chat`. Beyond that of a page it says why a socket did not open, as far as Node tells it. */
export class Connection extends PageConnection {
  /** Returns the function that makes a socket. Throws if this host has no WebSocket. */
  protected override opener(): (url: string, protocols: string[]) => Socket {
    if (this.options.open || typeof WebSocket !== 'undefined') return super.opener();
    throw new Error(
      'there is no WebSocket here: take Node from version 22 on; or install the package ws, and give the client ' +
        '`open: (url, protocols) => new WebSocket(url, protocols)` with its WebSocket',
    );
  }

  /** In Node 22 a WebSocket that does not open fires an error event, and never a close event. */
  protected override heardFrom(event: unknown): Told {
    const { socket } = this;
    setTimeout(() => {
      if (this.socket === socket && !this.opened) this.lost(neverTold, '');
    }, closeFollows);
    return toldBy(event);
  }

  protected override inWords(opened: boolean, told: Told): string {
    return meaningOf(told) ?? super.inWords(opened, told);
  }
}
