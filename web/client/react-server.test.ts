// A server that renders: no DOM, no WebSocket, nothing connected.
import { createElement, type FunctionComponent } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Chat } from './chat.ts';
import { ChatProvider, useChat, useConnection, useConversation } from './react.ts';

test('a page with a chat is rendered where there is no WebSocket', () => {
  vi.stubGlobal('WebSocket', undefined);
  onTestFinished(() => void vi.unstubAllGlobals());
  const Lobby: FunctionComponent = () => {
    const { messages, joined } = useConversation('lobby');
    return createElement('p', null, `${useConnection().phase} ${joined} ${messages.length}`);
  };
  // the address is beside the page
  const App: FunctionComponent = () => createElement(ChatProvider, { chat: useChat({}) }, createElement(Lobby));
  expect(renderToString(createElement(App))).toBe('<p>stopped false 0</p>');
  expect(new Chat().connection.state).toEqual({ phase: 'stopped' });
  expect(() => new Chat().connect()).toThrow(/there is no WebSocket here/);
});
