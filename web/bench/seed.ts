// Fills a conversation quickly: some people write at once, each with many messages on their way.
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { textOf } from './texts.ts';

const authors = ['bob', 'zoe', 'max'];
const windowSize = 4096; // messages of one author that wait for their ack
const batch = 256; // sends between two looks at the window

/** Puts so many messages on the record of a conversation; returns when the last one is acknowledged. */
export async function seed(url: string, conversation: string, count: number): Promise<void> {
  const share = Math.ceil(count / authors.length);
  await Promise.all(
    authors.map((author, index) => write(url, conversation, author, Math.min(share, count - index * share))),
  );
}

/**
 * One author's part. Texts are numbered by author; a message's place on the record is its seq, which nobody chooses.
 */
async function write(url: string, conversation: string, author: string, count: number): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws?name=${author}`, { perMessageDeflate: false });
  await once(socket, 'open');
  let sent = 0;
  let acked = 0;
  await new Promise<void>((done, fail) => {
    const fill = () => {
      while (sent < count && sent - acked < windowSize) socket.send(send(conversation, textOf(sent++)));
    };
    socket.on('message', (frame: Buffer) => {
      if (starts(frame, '{"type":"error"')) fail(new Error(`seed: ${frame.toString()}`));
      if (!starts(frame, '{"type":"ack"')) return;
      if (++acked === count) done();
      if (acked % batch === 0) fill();
    });
    socket.on('close', (code: number) => fail(new Error(`seed: closed with ${code}`)));
    fill();
    if (count === 0) done();
  });
  socket.removeAllListeners('close');
  socket.close();
}

/** Cheaper than JSON.parse, and this is what a million acks cost. */
function starts(frame: Buffer, text: string): boolean {
  return frame.toString('latin1', 0, text.length) === text;
}

function send(conversation: string, text: string): string {
  return `{"type":"send","conversation":"${conversation}","text":${JSON.stringify(text)}}`;
}
