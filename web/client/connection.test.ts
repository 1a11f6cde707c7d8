import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { Connection } from './connection.ts';
import type { ConnectionOptions, ConnectionState } from './page-connection.ts';
import { FakeSocket, type Frame } from './testing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function connect(more: Partial<ConnectionOptions> = {}) {
  const sockets: FakeSocket[] = [];
  const states: ConnectionState[] = [];
  const frames: Frame[] = [];
  const connection: Connection = new Connection({
    url: (user) => `ws://test/ws?name=${user ?? 'none'}`,
    open: (url) => sockets[sockets.push(new FakeSocket(url)) - 1]!,
    random: () => 1,
    onFrame: (frame) => frames.push(frame),
    ...more,
    onState: (state) => {
      states.push(state);
      more.onState?.(state);
    },
  });
  connection.start();
  return { connection, sockets, states, frames, socket: () => sockets.at(-1)!, phase: () => states.at(-1)!.phase };
}

test('it is online with the welcome, and reconnects under the name that the welcome gave', () => {
  const { socket, sockets, phase } = connect();
  expect(phase()).toBe('connecting');
  socket().welcome('guest-1');
  expect(phase()).toBe('online');
  socket().drop();
  expect(phase()).toBe('waiting');
  vi.advanceTimersByTime(500);
  expect(sockets.map((s) => s.url)).toEqual(['ws://test/ws?name=none', 'ws://test/ws?name=guest-1']);
});

test('each failed attempt waits longer, and a steady connection forgets them', () => {
  const { socket, states } = connect();
  const waits = () => states.flatMap((state) => (state.phase === 'waiting' ? [state.seconds] : []));
  for (const seconds of [0.5, 1, 2]) {
    socket().drop();
    vi.advanceTimersByTime(seconds * 1000);
  }
  socket().welcome();
  vi.advanceTimersByTime(10_000);
  socket().drop();
  expect(waits()).toEqual([0.5, 1, 2, 0.5]);
});

test('a draining server says when to come back', () => {
  const { socket, sockets } = connect();
  socket().welcome();
  socket().drop(1001, 'draining retry_after=3');
  vi.advanceTimersByTime(2_999);
  expect(sockets.length).toBe(1);
  vi.advanceTimersByTime(700);
  expect(sockets.length).toBe(2);
});

test('who finds no server yet after a drain waits by what the drain asked for, and as ever once there was one', () => {
  const { socket, states } = connect(); // random is 1
  socket().welcome();
  socket().drop(1001, 'draining retry_after=5');
  vi.advanceTimersByTime(6_000);
  socket().drop(); // nobody listens
  vi.advanceTimersByTime(5_000);
  socket().welcome();
  socket().drop();
  expect(states.flatMap((state) => (state.phase === 'waiting' ? [state.seconds] : []))).toEqual([6, 5, 2]);
});

test('a refusal is final, and carries the words of the error before it', () => {
  const { socket, sockets, states } = connect();
  socket().receive({ type: 'error', code: 'bad_request', reason: 'the name has a control character' });
  socket().drop(1008, 'bad name');
  vi.advanceTimersByTime(60_000);
  expect(states.at(-1)).toEqual({ phase: 'refused', code: 1008, reason: 'the name has a control character' });
  expect(sockets.length).toBe(1);
});

test('a wrong token is final at any time', () => {
  const { socket, phase } = connect();
  socket().welcome();
  socket().drop(4001, 'token expired');
  expect(phase()).toBe('refused');
});

test('a reply goes to who asked, everything else to the page', () => {
  const { connection, socket, frames } = connect();
  socket().welcome();
  const replies: unknown[] = [];
  connection.request({ type: 'ping' }, (reply) => replies.push(reply?.type));
  connection.request({ type: 'ping' }, (reply) => replies.push(reply));
  socket().receive({ type: 'presence', conversation: 'lobby', count: 1 });
  socket().receive({ type: 'pong', ref: socket().sent[0]!.ref });
  socket().drop();
  expect(replies).toEqual(['pong', undefined]); // the second was lost with the connection
  expect(frames.map((frame) => frame.type)).toEqual(['welcome', 'presence']);
});

test('nothing is sent while there is no welcome', () => {
  const { connection, socket } = connect();
  expect(connection.request({ type: 'ping' })).toBe(false);
  expect(socket().sent).toEqual([]);
});

test('a silent network is noticed by a ping without a pong', () => {
  const { socket, phase } = connect();
  socket().welcome();
  vi.advanceTimersByTime(25_000);
  expect(socket().last('ping')).toBeTruthy();
  socket().receive({ type: 'pong' });
  vi.advanceTimersByTime(25_000);
  expect(phase()).toBe('online');
  vi.advanceTimersByTime(10_000);
  expect(phase()).toBe('waiting');
});

test('a server that accepts and says nothing is given up', () => {
  const { phase } = connect();
  vi.advanceTimersByTime(10_000);
  expect(phase()).toBe('waiting');
});

test('waking cuts a wait short', () => {
  const { connection, socket, sockets } = connect();
  socket().drop(1013, 'full retry_after=60');
  connection.wake();
  expect(sockets.length).toBe(2);
});

test('once stopped it stays away', () => {
  const { connection, socket, sockets, phase } = connect();
  socket().drop();
  connection.stop(); // while it waits
  vi.advanceTimersByTime(60_000);
  expect(sockets.length).toBe(1);
  connection.start();
  socket().welcome();
  connection.stop(); // while it is online
  vi.advanceTimersByTime(60_000);
  expect(phase()).toBe('stopped');
  expect(sockets.length).toBe(2);
  expect(socket().closed).toBe(true);
});

test('where there is no WebSocket, one may be made, and connecting says what to do', () => {
  vi.stubGlobal('WebSocket', undefined);
  onTestFinished(() => void vi.unstubAllGlobals());
  const states: ConnectionState[] = [];
  const connection = new Connection({
    url: () => 'ws://test/ws',
    onState: (state) => states.push(state),
    onFrame: () => {},
  });
  expect(() => connection.start()).toThrow(/Node.*version 22.*package ws.*open:/);
  expect([connection.state.phase, states]).toEqual(['stopped', []]);
});

test('an address that cannot be one is refused, in the words of who refused it', () => {
  const states: ConnectionState[] = [];
  const open = () => {
    throw new SyntaxError('no such address');
  };
  const connection = new Connection({
    url: () => 'nonsense',
    open,
    onState: (state) => states.push(state),
    onFrame: () => {},
  });
  connection.start();
  vi.advanceTimersByTime(60_000);
  expect(states.at(-1)).toEqual({ phase: 'refused', code: 0, reason: 'no such address' });
});

test('what is not JSON comes from something else than the server: the connection is made again', () => {
  const { socket, sockets, phase } = connect();
  socket().welcome();
  socket().onmessage!({ data: '<html>' });
  expect(phase()).toBe('waiting');
  vi.advanceTimersByTime(1_000);
  expect(sockets.length).toBe(2);
});

test('the error of a socket has a listener before and after it is given up: without one it would end a Node process', () => {
  const { connection, socket } = connect();
  expect(socket().onerror).not.toBeNull();
  connection.stop();
  expect(socket().onerror).not.toBeNull();
});

test('a wait says why: the close with its code and reason', () => {
  const { socket, states } = connect();
  socket().onopen?.({});
  socket().welcome();
  socket().drop(1001, 'draining retry_after=3');
  expect(states.at(-1)).toEqual({
    phase: 'waiting',
    seconds: expect.any(Number),
    code: 1001,
    reason: 'draining retry_after=3',
    opened: true,
  });
});

test('a wait says what the socket knows, where no WebSocket was to be had', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
  const causes: [unknown, object][] = [
    [
      { error: refused, message: refused.message },
      { reason: 'connect ECONNREFUSED 127.0.0.1:1', error: refused },
    ],
    [
      { error: new Error('Unexpected server response: 404') },
      { status: 404, reason: expect.stringMatching(/no WebSocket at this address.*\/ws/) },
    ],
    [
      { error: new Error('Unexpected server response: 403') },
      { status: 403, reason: expect.stringMatching(/refuses this origin.*--allow-origin/) },
    ],
    [{ message: 'Unexpected server response: 503' }, { status: 503, reason: expect.stringContaining('drains') }],
    [{ message: 'Unexpected server response: 426' }, { status: 426, reason: expect.stringContaining('in front') }],
    [
      { error: new Error('Unexpected server response: 502') },
      { status: 502, reason: expect.stringContaining('HTTP 502') },
    ],
    [
      { error: Object.assign(new Error(''), { errors: [refused], code: 'ECONNREFUSED' }) },
      { reason: 'connect ECONNREFUSED 127.0.0.1:1' },
    ],
    [{ error: new Error('', { cause: refused }) }, { reason: 'connect ECONNREFUSED 127.0.0.1:1' }],
    [{ message: 'Received network error' }, { reason: 'Received network error' }],
    // a browser's: it has nothing
    [{ type: 'error' }, { reason: expect.stringMatching(/browser does not tell why.*--allow-origin/) }],
    [undefined, { reason: expect.stringContaining('no WebSocket opened') }],
  ];
  for (const [event, cause] of causes) {
    const { socket, states } = connect();
    socket().onerror!(event);
    socket().drop();
    expect(states.at(-1)).toMatchObject({ phase: 'waiting', code: 1006, opened: false, ...cause });
  }
});

test('a socket that tells an error and no close, as of Node 22 where none opens, is over all the same', () => {
  const { socket, sockets, states, phase } = connect();
  socket().onerror!({ error: new Error('non-101 status code') });
  vi.advanceTimersByTime(500); // well before a server that says nothing is given up
  expect(states.at(-1)).toMatchObject({ phase: 'waiting', code: 1006, opened: false, reason: 'non-101 status code' });
  expect(states.filter((state) => state.phase === 'waiting')).toHaveLength(1);
  socket().drop(); // late
  vi.advanceTimersByTime(500);
  expect(sockets).toHaveLength(2);
  socket().welcome();
  socket().onerror!({ error: new Error('a frame that makes no sense') }); // of one that is open the close follows
  vi.advanceTimersByTime(500);
  expect(phase()).toBe('online');
});

test('what is told of one socket is not told of the next', () => {
  const { socket, states } = connect();
  const before = socket();
  before.onerror!({ error: new Error('Unexpected server response: 403') });
  before.drop();
  vi.advanceTimersByTime(1_000);
  before.onerror!({ error: new Error('late') });
  socket().drop();
  expect(states.at(-1)).toEqual({
    phase: 'waiting',
    seconds: expect.any(Number),
    code: 1006,
    opened: false,
    reason: expect.stringContaining('browser'),
  });
});

test('silence has words of its own: before there is a WebSocket, before the welcome, and after it', () => {
  const silent = connect();
  vi.advanceTimersByTime(10_000);
  expect(silent.states.at(-1)).toMatchObject({ code: 1006, opened: false, reason: 'there was no answer' });
  const mute = connect();
  mute.socket().onopen!({});
  vi.advanceTimersByTime(10_000);
  expect(mute.states.at(-1)).toMatchObject({
    code: 1006,
    opened: true,
    reason: expect.stringContaining('no welcome came'),
  });
  const gone = connect();
  gone.socket().welcome();
  vi.advanceTimersByTime(35_000);
  expect(gone.states.at(-1)).toMatchObject({
    code: 1006,
    opened: true,
    reason: expect.stringContaining('did not answer'),
  });
});

test('an error of another matter is not why a connection was lost later, or refused', () => {
  const { socket, states } = connect();
  socket().receive({ type: 'error', code: 'bad_request', reason: 'of the first attempt' });
  socket().welcome();
  socket().receive({ type: 'error', code: 'bad_request', reason: 'after is 99, and the last is 3' });
  socket().drop();
  expect(states.at(-1)).toMatchObject({ phase: 'waiting', reason: 'the connection was lost' });
  vi.advanceTimersByTime(1_000);
  socket().welcome();
  socket().receive({ type: 'error', code: 'bad_request', reason: 'after is 99, and the last is 3' });
  socket().drop(4001, 'the token has expired');
  expect(states.at(-1)).toEqual({ phase: 'refused', code: 4001, reason: 'the token has expired' });
});

/** Where an application may end the connection: in whatever it is told. */
const ends: { what: string; phase?: string; tooBig?: boolean; asks?: boolean; lose?: number }[] = [
  { what: 'it connects', phase: 'connecting' },
  { what: 'it is online', phase: 'online' },
  { what: 'it waits', phase: 'waiting', lose: 1006 },
  { what: 'it is refused', phase: 'refused', lose: 4001 },
  { what: 'a frame was too big', tooBig: true, lose: 1009 },
  { what: 'a request lost its answer', asks: true, lose: 1006 },
];

test.for(ends)('who stops it when told that $what has stopped it', ({ phase, tooBig, asks, lose }) => {
  const sockets: FakeSocket[] = [];
  const states: string[] = [];
  const stop = () => connection.stop();
  const connection = new Connection({
    url: () => 'ws://test/ws',
    open: (url) => sockets[sockets.push(new FakeSocket(url)) - 1]!,
    onFrame: () => {},
    ...(tooBig && { onTooBig: stop }),
    onState: (state) => {
      states.push(state.phase);
      if (state.phase === phase) stop();
    },
  });
  connection.start();
  sockets[0]?.welcome();
  if (asks) connection.request({ type: 'ping' }, stop);
  if (lose !== undefined) sockets[0]!.drop(lose);
  const opened = sockets.length;
  vi.advanceTimersByTime(120_000);
  expect([connection.state.phase, states.at(-1), sockets.length]).toEqual(['stopped', 'stopped', opened]);
  expect(sockets.every((socket) => socket.closed)).toBe(true);
});

test('who connects again when told that it stopped, or that an answer is lost, is connected', () => {
  const again = connect({ onState: ({ phase }) => void (phase === 'stopped' && again.connection.start()) });
  again.connection.stop();
  again.socket().welcome();
  again.connection.request({ type: 'ping' }, () => again.connection.start());
  again.connection.stop();
  expect([again.phase(), again.connection.state.phase]).toEqual(['connecting', 'connecting']);
  expect(again.socket().closed).toBe(false);
  expect(again.sockets.filter((socket) => !socket.closed)).toHaveLength(1);
});

test('who stops it while a socket is being made has none', () => {
  const made: FakeSocket[] = [];
  const states: ConnectionState[] = [];
  const connection: Connection = new Connection({
    url: () => (connection.stop(), 'ws://test/ws'),
    open: (url) => made[made.push(new FakeSocket(url)) - 1]!,
    onState: (state) => states.push(state),
    onFrame: () => {},
  });
  connection.start();
  vi.advanceTimersByTime(60_000);
  expect([connection.state.phase, states.at(-1)!.phase]).toEqual(['stopped', 'stopped']);
  expect(made.every((socket) => socket.closed)).toBe(true);
});

test('another network: it connects again at once, where it connects at all', () => {
  const { connection, socket, sockets, phase } = connect();
  connection.again(); // while it connects
  socket().welcome();
  connection.again(); // while it is online
  socket().drop();
  connection.again(); // while it waits
  expect([sockets.length, phase(), sockets.filter((one) => !one.closed)]).toEqual([4, 'connecting', [socket()]]);
  socket().drop(4001, 'no');
  connection.again();
  connection.stop();
  connection.again();
  vi.advanceTimersByTime(60_000);
  expect([sockets.length, phase()]).toEqual([4, 'stopped']);
});

test('a network that is said to be gone is given up soon, however often it is looked for', async () => {
  const { connection, socket, phase } = connect();
  socket().welcome();
  const lost = expect(connection.doubt()).rejects.toMatchObject({ code: 'disconnected' });
  vi.advanceTimersByTime(1_500);
  connection.wake();
  void connection.doubt().catch(() => {});
  vi.advanceTimersByTime(499);
  expect(phase()).toBe('online');
  vi.advanceTimersByTime(1);
  expect(phase()).toBe('waiting');
  await lost;
});

test('a network that was said to be gone and answers stays', async () => {
  const { connection, socket, phase } = connect();
  socket().welcome();
  const answered = connection.doubt();
  socket().reply('ping', { type: 'pong' });
  await answered;
  vi.advanceTimersByTime(24_999);
  expect([phase(), socket().sent.length]).toEqual(['online', 1]);
  await expect(connect().connection.doubt()).rejects.toMatchObject({ code: 'disconnected' }); // it is not there yet
});
