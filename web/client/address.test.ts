import { expect, test } from 'vitest';
import { socketAddress } from './address.ts';

test('an address without a host goes from the page', () => {
  for (const [given, page, want] of [
    [undefined, 'https://example.com/chat/', 'wss://example.com/chat/ws'],
    [undefined, 'http://127.0.0.1:8080/chat/index.html', 'ws://127.0.0.1:8080/chat/ws'],
    ['/ws', 'https://example.com/chat/', 'wss://example.com/ws'],
    ['../ws?a=b', 'https://example.com/chat/c/', 'wss://example.com/chat/ws?a=b'],
    ['//other.example/ws', 'https://example.com/', 'wss://other.example/ws'],
    ['wss://other.example/ws', 'http://example.com/', 'wss://other.example/ws'],
    ['https://other.example/ws', undefined, 'wss://other.example/ws'],
    ['ws://other.example/ws', undefined, 'ws://other.example/ws'],
  ] as const)
    expect(socketAddress(given, page).href).toBe(want);
});

test('where there is no page, only a whole address will do', () => {
  for (const given of [undefined, 'ws', '/ws'])
    expect(() => socketAddress(given)).toThrow('give the client the whole url');
});
