// A bot that answers each question once, whatever ends it and however often: it keeps where it stands once an answer is
// on the record, and gives each answer an id of its own, so that what it sends again after a crash is the same message.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Chat } from '@verbatim/client';
import { WebSocket } from 'ws';

const [url, file] = process.argv.slice(2);
const chat = new Chat({ url, name: 'bot', open: (address, protocols) => new WebSocket(address, protocols) });
let answered = Promise.resolve();

chat.on('message', ({ conversation, message, position }) => {
  if (message.from === chat.user) return;
  const answer = chat.send(conversation, `answer to ${message.text}`, {
    id: `answer-${position.log}-${message.seq}`, // a seq means something in its log alone
    target: message.seq,
  });
  answered = answered.then(() => chat.settled(answer)).then(() => keep(position));
});
chat.join('lobby', { after: kept() ?? 0 });
chat.connect();

function kept() {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

function keep(position) {
  writeFileSync(`${file}.new`, JSON.stringify(position));
  renameSync(`${file}.new`, file);
}
