import { expect, test } from 'vitest';
import { conversationOf, pathOf, socketAddress, tokenOf } from './address.ts';

test('a deep link names its conversation, and no other path does', () => {
  expect(conversationOf('/c/kitchen')).toBe('kitchen');
  expect(conversationOf('/c/kitchen/')).toBe('kitchen');
  expect(conversationOf('/c/Not%20Valid')).toBe('Not Valid');
  expect(conversationOf('/c/100%')).toBe('100%');
  expect(conversationOf('/')).toBeUndefined();
  expect(conversationOf('/c/')).toBeUndefined();
  expect(conversationOf(pathOf('a.b/c'))).toBe('a.b/c');
});

test('below a path all is as at the root of a host', () => {
  expect(pathOf('kitchen', '/chat/')).toBe('/chat/c/kitchen');
  expect(conversationOf('/chat/c/kitchen', '/chat/')).toBe('kitchen');
  expect(conversationOf('/x/c/y/c/kitchen/', '/x/c/y/')).toBe('kitchen');
  for (const path of ['/chat/', '/c/kitchen', '/chat/c/', '/chatter/c/kitchen'])
    expect(conversationOf(path, '/chat/')).toBeUndefined();
});

test('the socket is where the page came from, and the name is escaped', () => {
  expect(socketAddress('http://127.0.0.1:8080/', 'Ann & Bob')).toBe('ws://127.0.0.1:8080/ws?name=Ann+%26+Bob');
  expect(socketAddress('https://chat.example', undefined)).toBe('wss://chat.example/ws');
  expect(socketAddress(new URL('https://example.com/chat/'), 'Ann')).toBe('wss://example.com/chat/ws?name=Ann');
});

test('a token stands in the fragment', () => {
  expect(tokenOf('#token=a.b-c')).toBe('a.b-c');
  expect(tokenOf('')).toBeUndefined();
});
