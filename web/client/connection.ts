// The connection of a program: there may be no WebSocket, and a socket may tell why there is none.
import { meaningOf, type Told, toldBy } from './cause.ts';
import { neverTold, PageConnection, type Socket } from './page-connection.ts';

const closeFollows = 100; // ms after an error, where a close comes at all

export class Connection extends PageConnection {
  /** Throws where there is no WebSocket to connect with. */
  protected override opener(): (url: string, protocols: string[]) => Socket {
    if (this.options.open || typeof WebSocket !== 'undefined') return super.opener();
    throw new Error(
      'there is no WebSocket here: take Node from version 22 on; or install the package ws, and give the client ' +
        '`open: (url, protocols) => new WebSocket(url, protocols)` with its WebSocket',
    );
  }

  /** In Node 22 a WebSocket that could not be opened tells an error, and no close ever. */
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
