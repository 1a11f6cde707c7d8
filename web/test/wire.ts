// A network that loses what it is told to lose, between one person's page and the server.
import type { Page } from 'playwright-core';

export class Wire {
  /** Nothing that the server says of sends comes through: neither acks nor entries. */
  losesAnswers = false;
  /** Nothing that the page sends comes through. */
  losesSends = false;
  /** The server answers so to every request of these types: as one does whose disk is full. */
  refuses: { types: string[]; code: string; reason: string; retry_after?: number } | undefined;
  /** What the page has sent, in order. */
  readonly requests: { type: string; conversation?: string; ref?: string }[] = [];

  /** How often the page has tried to connect. */
  attempts = 0;

  private readonly ends = new Set<() => void>();
  private isCut = false;
  private isDead = false;
  private readonly lost = new Set<object>(); // what was connected when the network died

  /** Cuts what is connected, and lets nothing new through. */
  cut(): void {
    this.isCut = true;
    for (const end of this.ends) end();
  }

  mend(): void {
    this.isCut = false;
  }

  /** Nothing comes through any more, and nobody is told: as where a network is gone. */
  die(): void {
    this.isDead = true;
  }

  /** There is a network again. What was connected by the old one stays lost. */
  live(): void {
    this.isDead = false;
  }

  /** Lays the wire; the page must not be at its address yet. */
  lay = async (page: Page): Promise<void> => {
    await page.routeWebSocket(/\/ws/, (socket) => {
      this.attempts++;
      const end = () => void socket.close({ code: 1001, reason: '' });
      const isLost = () => this.lost.has(socket) || (this.isDead && this.lost.add(socket) !== undefined);
      if (this.isCut) return end();
      if (isLost()) return;
      const server = socket.connectToServer();
      this.ends.add(end);
      server.onMessage((frame) => {
        if (!isLost() && !(this.losesAnswers && /"type":"(ack|message)"/.test(String(frame)))) socket.send(frame);
      });
      socket.onMessage((frame) => {
        const request = JSON.parse(String(frame)) as Wire['requests'][number];
        this.requests.push(request);
        if (isLost()) return;
        if (this.refuses?.types.includes(request.type)) {
          const { code, reason, retry_after } = this.refuses;
          socket.send(
            JSON.stringify({
              type: 'error',
              code,
              reason,
              ref: request.ref,
              conversation: request.conversation,
              retry_after,
            }),
          );
          return;
        }
        if (!(this.losesSends && /"type":"send"/.test(String(frame)))) server.send(frame);
      });
    });
  };
}
