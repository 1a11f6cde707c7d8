// A network that loses what it is told to lose, between one person's page and the server.
import type { Page } from 'playwright-core';

export class Wire {
  /** Nothing that the server says of sends comes through: neither acks nor entries. */
  losesAnswers = false;
  /** Nothing that the page sends comes through. */
  losesSends = false;

  /** Lays the wire; the page must not be at its address yet. */
  lay = async (page: Page): Promise<void> => {
    await page.routeWebSocket(/\/ws/, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((frame) => {
        if (!(this.losesAnswers && /"type":"(ack|message)"/.test(String(frame)))) socket.send(frame);
      });
      socket.onMessage((frame) => {
        if (!(this.losesSends && /"type":"send"/.test(String(frame)))) server.send(frame);
      });
    });
  };
}
