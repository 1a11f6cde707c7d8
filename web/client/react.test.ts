// @vitest-environment happy-dom
// The hooks in real React: what they draw, how often, and what they join and leave.
import { act, createElement, type FunctionComponent, type ReactNode, StrictMode, useEffect, useState } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Chat, ChatOptions } from './chat.ts';
import {
  ChatProvider,
  type UseConversationOptions,
  type UsedConversation,
  useChat,
  useConnection,
  useConversation,
} from './react.ts';
import { chatWith, FakeServer, FakeStore } from './testing.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => void vi.useRealTimers());
Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

const later = (milliseconds = 40) => act(() => vi.advanceTimersByTimeAsync(milliseconds));

/** Draws something in a page of its own. */
async function draw(node: ReactNode) {
  const page = document.body.appendChild(document.createElement('div'));
  const root = createRoot(page);
  await act(async () => root.render(node));
  let gone = false;
  const leave = async () => {
    if (!gone) await act(async () => root.unmount());
    gone = true;
  };
  onTestFinished(leave);
  return { text: () => page.textContent, again: (next: ReactNode) => act(async () => root.render(next)), leave };
}

/** What a component was given, at each drawing. */
function watcher() {
  const drawn: UsedConversation[] = [];
  const Lobby: FunctionComponent<{ chat?: Chat; id?: string; options?: UseConversationOptions }> = ({
    chat,
    id = 'lobby',
    options,
  }) => {
    const lobby = chat ? useConversation(chat, id, options) : useConversation(id, options);
    drawn.push(lobby);
    return createElement(
      'p',
      null,
      lobby.messages.map((message) => message.text).join(' '),
      lobby.unsettled.map((item) => ` [${item.state} ${item.text}]`).join(''),
    );
  };
  return { Lobby, drawn, last: () => drawn.at(-1)! };
}

const optionsOf = (server: FakeServer, more: Partial<ChatOptions> = {}): ChatOptions => ({
  url: 'ws://test/ws',
  name: 'ann',
  open: server.open,
  random: () => 0.5,
  store: () => new FakeStore(),
  ...more,
});

/** An application with a chat of its own. */
const App: FunctionComponent<{ options: ChatOptions; children?: ReactNode }> = ({ options, children }) => {
  const chat = useChat(options);
  return createElement(ChatProvider, { chat }, createElement(Phase), children);
};
const Phase: FunctionComponent = () => createElement('b', null, useConnection().phase);

test('what is said is drawn, and what one says, from its sending to the record', async () => {
  const server = new FakeServer();
  server.say('bob', 'before');
  const { Lobby, last } = watcher();
  const page = await draw(createElement(App, { options: optionsOf(server) }, createElement(Lobby)));
  expect(page.text()).toBe('connecting');
  await later();
  expect(page.text()).toBe('onlinebefore');
  await act(async () => void server.say('bob', 'hi'));
  expect(page.text()).toBe('onlinebefore hi');
  server.answers = false;
  await act(async () => void last().send('mine'));
  expect(page.text()).toBe('onlinebefore hi [sending mine]');
  server.answers = true;
  await act(async () => server.socket!.drop());
  expect(page.text()).toBe('waitingbefore hi [sending mine]');
  await later(1_000);
  expect(page.text()).toBe('onlinebefore hi mine');
  expect(last()).toMatchObject({
    joined: true,
    newest: 3,
    unread: 3,
    online: ['ann'],
    count: 1,
    live: true,
    position: { seq: 3, log: 'log-1' },
  });
});

test('a component is drawn when its conversation changes, and not for another one; what has not changed is the same object', async () => {
  const server = new FakeServer();
  const { chat } = chatWith(server);
  const { Lobby, drawn, last } = watcher();
  const page = await draw(createElement(Lobby, { chat }));
  await act(async () => chat.connect());
  await later();
  const before = last();
  const count = drawn.length;
  await act(async () => void chat.join('kitchen'));
  expect(drawn.length).toBe(count);
  await page.again(createElement(Lobby, { chat }));
  expect([drawn.length, last()]).toEqual([count + 1, before]);
  expect(last()).toBe(before);
  await act(async () => void server.say('bob', 'hi'));
  expect(drawn.length).toBe(count + 2);
  expect(last()).not.toBe(before);
  expect(before.messages).toEqual([]); // an older drawing stays what it was
  for (const name of ['send', 'retry', 'discard', 'typing', 'markRead', 'loadOlder', 'loadNewer'] as const)
    expect(last()[name], name).toBe(before[name]);
});

test('an item of an older drawing is not changed by what becomes of the message', async () => {
  const server = new FakeServer();
  server.answers = false;
  const { chat } = chatWith(server);
  const { Lobby, last } = watcher();
  await draw(createElement(Lobby, { chat }));
  await act(async () => void last().send('mine'));
  const [item] = last().unsettled;
  const settled = chat.settled(item!);
  await act(async () => last().discard(item!));
  expect([item!.state, (await settled).state, last().unsettled]).toEqual(['sending', 'discarded', []]);
});

test('in strict mode there is one connection in the end, one join of it, and all of it works', async () => {
  const server = new FakeServer();
  const { Lobby } = watcher();
  const page = await draw(
    createElement(StrictMode, null, createElement(App, { options: optionsOf(server) }, createElement(Lobby))),
  );
  await later();
  expect(page.text()).toBe('online');
  const live = server.sockets.filter((socket) => !socket.closed);
  expect([live.length, live[0]!.sent.map((frame) => frame.type)]).toEqual([1, ['join']]);
  await act(async () => void server.say('bob', 'hi'));
  expect(page.text()).toBe('onlinehi');
  await page.leave();
  expect(server.sockets.every((socket) => socket.closed)).toBe(true);
});

test('a conversation is left with the last component that shows it, and joined again where it was', async () => {
  const server = new FakeServer();
  const { chat, lobby } = chatWith(server);
  const { Lobby } = watcher();
  chat.connect();
  const both = (...shown: boolean[]) =>
    createElement(
      'div',
      null,
      shown.map((is, key) => is && createElement(Lobby, { chat, key })),
    );
  const page = await draw(both(true, true));
  await later();
  const asked = () =>
    server.socket!.sent.filter((frame) => frame.type !== 'history').map((frame) => [frame.type, frame.after]);
  await act(async () => void server.say('bob', 'one'));
  await page.again(both(false, true));
  await page.again(both(true, false)); // another one in the same drawing
  expect([lobby().joined, asked()]).toEqual([true, [['join', undefined]]]);
  await page.again(both(false, false));
  expect([lobby().mode, asked().at(-1)]).toEqual(['idle', ['leave', undefined]]);
  await act(async () => void server.say('bob', 'two'));
  await page.again(both(true, false));
  expect([page.text(), asked().at(-1)]).toEqual(['one two', ['join', 1]]);
});

test('what the application joined itself stays joined', async () => {
  const server = new FakeServer();
  const { chat, lobby } = chatWith(server);
  chat.connect();
  chat.join('lobby');
  const page = await draw(createElement(watcher().Lobby, { chat }));
  await later();
  await page.leave();
  expect(lobby().joined).toBe(true);
});

test('what the application joins, follows or leaves itself counts, before the component and after it', async () => {
  type Act = (chat: Chat) => void;
  const cases: [Act, string, string][] = [
    [(chat) => chat.join('lobby'), 'open', 'open'],
    [(chat) => chat.open('lobby'), 'open', 'open'],
    [(chat) => chat.follow(['lobby']), 'open', 'followed'],
    [(chat) => (chat.join('lobby'), chat.open('kitchen')), 'followed', 'followed'],
    [(chat) => (chat.join('lobby'), chat.leave('lobby')), 'idle', 'idle'],
    [() => {}, 'open', 'idle'],
  ];
  for (const [index, [act, during, after]] of cases.entries()) {
    const { chat, lobby } = chatWith(new FakeServer());
    chat.connect();
    const { Lobby } = watcher();
    const Parent: FunctionComponent = () => {
      useEffect(() => void act(chat), []); // after those of its children
      return createElement(Lobby, { chat });
    };
    const page = await draw(createElement(Parent));
    await later();
    expect(lobby().mode, `${index}`).toBe(during);
    await page.leave();
    expect(lobby().mode, `${index}`).toBe(after);
  }
});

test('a list follows, and what is opened beside it is followed again after', async () => {
  const server = new FakeServer();
  const { chat, lobby } = chatWith(server);
  chat.connect();
  const list = watcher();
  const both = (open: boolean) =>
    createElement(
      'div',
      null,
      createElement(list.Lobby, { chat, options: { follow: true } }),
      open && createElement(watcher().Lobby, { chat }),
    );
  const page = await draw(both(false));
  await later();
  const modes = [lobby().mode];
  for (const open of [true, false]) {
    await page.again(both(open));
    modes.push(lobby().mode);
  }
  expect(modes).toEqual(['followed', 'open', 'followed']);
  await later();
  await act(async () => server.socket!.receive({ type: 'last', conversation: 'lobby', last: 9, time: '' }));
  expect(list.last()).toMatchObject({ newest: 9, unread: 9 });
});

test('a join begins where the options say', async () => {
  const server = new FakeServer();
  for (let n = 1; n <= 9; n++) server.say('bob', `m${n}`);
  const page = await draw(
    createElement(App, { options: optionsOf(server) }, createElement(watcher().Lobby, { options: { after: 7 } })),
  );
  await later();
  expect(page.text()).toBe('onlinem8 m9');
});

test('another component begins where its options say, and the same one goes on where it was', async () => {
  const server = new FakeServer();
  for (let n = 1; n <= 9; n++) server.say('bob', `m${n}`);
  const { chat } = chatWith(server);
  chat.connect();
  const { Lobby } = watcher();
  const options = { after: 7 };
  const shown = (key: number, id = 'lobby') =>
    createElement(StrictMode, null, createElement(Lobby, { chat, key, id, options }));
  const page = await draw(shown(1));
  await later(20);
  const texts = [page.text()];
  await act(async () => void server.say('bob', 'm10'));
  for (const next of [shown(1), shown(2), createElement('p'), shown(3), shown(3, 'kitchen'), shown(3)]) {
    await page.again(next);
    await later(20);
    texts.push(page.text());
    if (texts.length === 4) server.say('bob', 'm11');
  }
  expect(texts).toEqual(['m8 m9', 'm8 m9 m10', 'm8 m9 m10', '', 'm8 m9 m10 m11', '', 'm8 m9 m10 m11']);
  const joins = server.socket!.sent.filter((frame) => frame.type === 'join' && frame.conversation === 'lobby');
  expect(joins.map((frame) => [frame.after, frame.log])).toEqual([
    [7, undefined],
    [7, undefined], // another key
    [7, undefined], // shown again
    [11, 'log-1'], // the same component, back from the kitchen
  ]);
});

test('a component whose options make no sense keeps nothing joined', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {}); // React tells of it too
  onTestFinished(() => void vi.restoreAllMocks());
  const { chat, lobby } = chatWith(new FakeServer());
  chat.connect();
  const { Lobby } = watcher();
  await expect(draw(createElement(Lobby, { chat, options: { limit: 5_000 } }))).rejects.toThrow(/limit/);
  const page = await draw(createElement(Lobby, { chat }));
  expect(lobby().mode).toBe('open');
  await page.leave();
  expect(lobby().mode).toBe('idle');
});

test('what is on its way when a component goes comes onto the record', async () => {
  const server = new FakeServer();
  server.latency = 50;
  const { Lobby, last } = watcher();
  const page = await draw(createElement(App, { options: optionsOf(server) }, createElement(Lobby)));
  await later();
  await act(async () => void last().send('goodbye'));
  await page.leave();
  expect(server.record).toEqual([]);
  await later(1_000);
  expect([server.record.map((entry) => entry.text), server.socket!.closed]).toEqual([['goodbye'], true]);
});

test('what merely happens is drawn now and then, and what one waits for at once', async () => {
  const server = new FakeServer();
  const { chat } = chatWith(server);
  const { Lobby, drawn, last } = watcher();
  const page = await draw(createElement(Lobby, { chat }));
  await act(async () => chat.connect());
  await later(20);
  const before = drawn.length;
  for (let n = 1; n <= 100; n++) await act(async () => void server.say('bob', `m${n}`));
  expect(drawn.length).toBe(before + 1); // the first one at once
  await later();
  expect([drawn.length, last().messages.length]).toEqual([before + 2, 100]);
  await act(async () => void server.say('bob', 'one more'));
  await act(async () => void last().send('mine'));
  expect([drawn.length, page.text().endsWith('one more mine')]).toEqual([before + 4, true]);
  await later(1_000);
  const quiet = drawn.length;
  await later(1_000);
  expect(drawn.length).toBe(quiet);
});

test('what was only followed before begins where the options say, too', async () => {
  const server = new FakeServer();
  for (let n = 1; n <= 9; n++) server.say('bob', `m${n}`);
  const { chat } = chatWith(server);
  chat.connect();
  chat.follow(['lobby']);
  const page = await draw(createElement('p'));
  await later();
  await page.again(createElement(watcher().Lobby, { chat, options: { after: 7 } }));
  expect(page.text()).toBe('m8 m9');
});

test('another name is another chat', async () => {
  const server = new FakeServer();
  let rename: (name: string) => void = () => {};
  const Renamed: FunctionComponent = () => {
    const [name, setName] = useState('ann');
    rename = setName;
    return createElement(App, { options: optionsOf(server, { name }) });
  };
  const page = await draw(createElement(Renamed));
  await later();
  await act(async () => rename('bob'));
  await later();
  expect(page.text()).toBe('online');
  expect(server.sockets.map((socket) => [new URL(socket.url).searchParams.get('name'), socket.closed])).toEqual([
    ['ann', true],
    ['bob', false],
  ]);
});

test('without a chat, a hook says what to do', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {}); // React tells of it too
  onTestFinished(() => void vi.restoreAllMocks());
  await expect(draw(createElement(Phase))).rejects.toThrow(/ChatProvider/);
});

test('what a server rendered is taken over as it stands, and filled in then', async () => {
  const server = new FakeServer();
  server.say('bob', 'hi');
  const app = createElement(App, { options: optionsOf(server) }, createElement(watcher().Lobby));
  const page = document.body.appendChild(document.createElement('div'));
  page.innerHTML = renderToString(app);
  expect(page.innerHTML).toBe('<b>stopped</b><p></p>');
  const errors: unknown[] = [];
  const root = await act(async () => hydrateRoot(page, app, { onRecoverableError: (error) => errors.push(error) }));
  onTestFinished(() => act(async () => root.unmount()));
  await later();
  expect([page.textContent, errors]).toEqual(['onlinehi', []]);
});
