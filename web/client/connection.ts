// The connection of a program: there may be no WebSocket, and a socket may tell why there is none.
import { meaningOf, toldBy, type Told } from './cause.ts';
import { PageConnection, type Socket } from './page-connection.ts';

export class Connection extends PageConnection {
  /** Throws where there is no WebSocket to connect with. */
  protected override opener(): (url: string, protocols: string[]) => Socket {
    if (this.options.open || typeof WebSocket !== 'undefined') return super.opener();
    throw new Error(
      'there is no WebSocket here: take Node from version 22 on; or install the package ws, and give the client '
      + "`open: (url, protocols) => new WebSocket(url, protocols)` with its WebSocket",
    );
  }

  protected override heardFrom(event: unknown): Told {
    return toldBy(event);
  }

  protected override inWords(opened: boolean, told: Told): string {
    return meaningOf(told) ?? super.inWords(opened, told);
  }
}
