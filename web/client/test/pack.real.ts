// The package as others get it: packed, installed in an empty folder, type-checked by strangers' compilers and
// settings, and run as ES modules, as CommonJS, and in Jest.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { useServer } from '../../test/server.ts';

const run = promisify(execFile);
const web = new URL('../../', import.meta.url).pathname;
const strangers = new URL('strangers/node_modules/', import.meta.url).pathname;
const compilers = {
  'the newest TypeScript': join(web, 'node_modules/typescript/bin/tsc'),
  'TypeScript 4.7': join(strangers, 'typescript/bin/tsc'),
};
const server = useServer();
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'verbatim-pack-'));
  const pack = (what: string) => run('npm', ['pack', '--silent', '--pack-destination', folder, what], { cwd: web });
  await pack('./client');
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'stranger', private: true }));
  const tarballs = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs.map((file) => `./${file}`)], {
    cwd: folder,
  });
  for (const name of ['ws', '@types', 'react', 'react-dom', 'csstype', 'scheduler'])
    symlinkSync(join(web, 'node_modules', name), join(folder, 'node_modules', name));
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(folder, name), text);
  return () => rmSync(folder, { recursive: true });
}, 300_000);

const chats = (load: string) => `${load}
async function main(url: string): Promise<void> {
  const chat = new Chat({ url, name: 'ann', open: (address, protocols) => new WebSocket(address, protocols) });
  const stop: () => void = chat.on('message', ({ conversation, message, position }) => console.log(conversation, message.seq, message.text, position.seq));
  chat.on('state', (state: ChatEvents['state']) => { if (state.phase === 'refused' || state.phase === 'waiting') console.log(state.reason); });
  const options: JoinOptions = { after: 0 };
  chat.join('lobby', options);
  chat.connect();
  const item: OutboxItem = await chat.settled(chat.send('lobby', 'hi', { id: 'x', meta: { a: 1 } }));
  console.log(item.state, item.seq);
  const wrong: unknown = await chat.history('lobby', { after: 99 }).catch((error: unknown) => error);
  if (wrong instanceof RequestError) console.log(wrong.code);
  const page = await chat.history('lobby');
  console.log(page.messages.filter(isMessage).map((message) => message.from).join());
  stop();
  const left: number = await chat.close({ flush: 5000 });
  console.log('left', left);
  // @ts-expect-error: there is no such event
  chat.on('nonsense', () => {});
}
void main(process.argv[2]!);
export type { OutboxStore };
`;
const names = 'Chat, isMessage, RequestError, type ChatEvents, type JoinOptions, type OutboxItem, type OutboxStore';

const inReact = `import { useChat, useConnection, useConversation, type UsedConversation } from '@verbatim/client/react';
export function Lobby(): string {
  const chat = useChat({ url: 'ws://127.0.0.1:1/ws' });
  const { messages, send }: UsedConversation = useConversation(chat, 'lobby', { limit: 10 });
  send(messages.map((message) => message.text).join());
  return useConnection(chat).phase;
}
`;

const programs = {
  'program.mts': chats(`import { ${names} } from '@verbatim/client';\nimport { WebSocket } from 'ws';`),
  'program.cts': chats(
    `import { ${names} } from '@verbatim/client';\nimport ws = require('ws');\nconst WebSocket = ws.WebSocket;`,
  ),
  'program.ts': chats(`import { ${names} } from '@verbatim/client';\nimport { WebSocket } from 'ws';`),
  // An old compiler, without the types of anything else.
  'alone.mts': chats(`import { ${names} } from '@verbatim/client';\ndeclare const process: { argv: string[] };`),
  'alone.cts': chats(`import { ${names} } from '@verbatim/client';\ndeclare const process: { argv: string[] };`),
  'alone.ts': chats(`import { ${names} } from '@verbatim/client';\ndeclare const process: { argv: string[] };`),
  'react.mts': inReact,
  'react.cts': inReact,
  'react.ts': inReact,
  'chat.test.js': `const { Chat, isMessage } = require('@verbatim/client');
test('a chat is made, and says why there is no connection', async () => {
  const chat = new Chat({ url: 'ws://127.0.0.1:1/ws', name: 'ann', open: () => { throw new Error('no network in a test'); } });
  chat.connect();
  expect(chat.connection.state).toEqual({ phase: 'refused', code: 0, reason: 'no network in a test' });
  expect(chat.send('lobby', 'x'.repeat(20_000)).code).toBe('too_large');
  expect(chat.send('lobby', 'hi').id).toMatch(/^[0-9a-f]{24}$/);
  expect(isMessage({ type: 'message' })).toBe(true);
  expect(await chat.close()).toBe(1);
});
test('the hooks are there', () => {
  expect(Object.keys(require('@verbatim/client/react')).sort()).toEqual(['ChatProvider', 'useChat', 'useConnection', 'useConversation']);
});
`,
};

const strict = ['--noEmit', '--strict', '--target', 'es2021'];
const node = ['--lib', 'es2021', '--types', 'node'];
const dom = ['--lib', 'es2021,dom,dom.iterable', '--typeRoots', './none'];
const checks: [string, keyof typeof compilers, string[]][] = [
  [
    'Node, ES modules',
    'the newest TypeScript',
    ['--module', 'nodenext', '--moduleResolution', 'nodenext', ...node, 'program.mts', 'react.mts'],
  ],
  [
    'Node, CommonJS',
    'the newest TypeScript',
    ['--module', 'nodenext', '--moduleResolution', 'nodenext', ...node, 'program.cts', 'react.cts'],
  ],
  [
    'a bundler, with the DOM',
    'the newest TypeScript',
    [
      '--module',
      'esnext',
      '--moduleResolution',
      'bundler',
      '--lib',
      'es2021,dom,dom.iterable',
      '--types',
      'node',
      'program.ts',
      'react.ts',
    ],
  ],
  ['Node, ES modules', 'TypeScript 4.7', ['--module', 'node16', '--moduleResolution', 'node16', ...dom, 'alone.mts']],
  ['Node, CommonJS', 'TypeScript 4.7', ['--module', 'node16', '--moduleResolution', 'node16', ...dom, 'alone.cts']],
  ['the resolution of old', 'TypeScript 4.7', ['--module', 'esnext', '--moduleResolution', 'node', ...dom, 'alone.ts']],
  [
    'the resolution of old, React',
    'TypeScript 4.7',
    ['--module', 'commonjs', '--moduleResolution', 'node', '--skipLibCheck', ...dom, 'react.ts'],
  ],
];

test('the package has what is built, and nothing else', async () => {
  const files = readdirSync(join(folder, 'node_modules/@verbatim/client'), { recursive: true }) as string[];
  expect(files).toEqual(
    expect.arrayContaining([
      'package.json',
      'README.md',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/cjs/index.js',
      'dist/cjs/index.d.ts',
      'react/package.json',
    ]),
  );
  expect(files.filter((file) => /test|(?<!\.d)\.ts$/.test(file))).toEqual([]);
});

test('each file has a map that has its source', () => {
  const dist = join(folder, 'node_modules/@verbatim/client/dist');
  const scripts = (readdirSync(dist, { recursive: true }) as string[]).filter((file) => file.endsWith('.js'));
  expect(scripts.length).toBeGreaterThan(40);
  for (const script of scripts) {
    const map = JSON.parse(readFileSync(join(dist, `${script}.map`), 'utf8')) as {
      sources: string[];
      sourcesContent: string[];
    };
    expect([map.sources.length, map.sourcesContent.length], script).toEqual([1, 1]);
    expect(map.sourcesContent[0], script).toContain('// ');
    expect(readFileSync(join(dist, script), 'utf8'), script).toContain(
      `//# sourceMappingURL=${script.split('/').at(-1)}.map`,
    );
  }
});

test.for(checks)('its types are whole for %s, in %s', async ([, compiler, flags]) => {
  const tsc = run(process.execPath, [compilers[compiler], ...strict, ...flags], { cwd: folder });
  await expect(
    tsc.catch((error: { stdout: string }) => Promise.reject(new Error(error.stdout))),
  ).resolves.toMatchObject({ stdout: '' });
});

const said = ['bad_request', 'ann', 'left 0', 'lobby 1 hi 1', 'recorded 1'].sort();

test.for(['mts', 'cts'])('a program that loads it runs to its end: .%s', async (kind) => {
  const flags = [
    '--outDir',
    'out',
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--moduleResolution',
    'nodenext',
    ...node,
  ];
  await run(process.execPath, [compilers['the newest TypeScript'], ...flags, `program.${kind}`], { cwd: folder });
  const script = `out/program.${kind.replace('t', 'j')}`;
  const { stdout } = await run(process.execPath, [script, `${server().url.replace('http', 'ws')}/ws`], {
    cwd: folder,
    timeout: 120_000,
  });
  expect(stdout.trim().split('\n').sort()).toEqual(said);
});

test.for(['node', 'jsdom'])('Jest takes it with its own defaults, in the environment %s', async (environment) => {
  const jest = run(
    process.execPath,
    [
      join(strangers, 'jest/bin/jest.js'),
      '--rootDir',
      folder,
      '--env',
      environment === 'node' ? 'node' : join(strangers, 'jest-environment-jsdom'),
      '--cacheDirectory',
      join(folder, '.jest'),
    ],
    { cwd: folder, timeout: 240_000 },
  );
  const { stderr } = await jest.catch((error: { stderr: string }) => Promise.reject(new Error(error.stderr)));
  expect(stderr).toContain('Tests:       2 passed, 2 total');
});

test('without a WebSocket one may be made, and connecting says what to do', async () => {
  const code =
    "delete globalThis.WebSocket; const { Chat } = await import('@verbatim/client'); const chat = new Chat({ url: 'ws://127.0.0.1:1/ws' }); console.log('made'); chat.connect();";
  const failed = run(process.execPath, ['--input-type=module', '-e', code], { cwd: folder });
  await expect(failed).rejects.toMatchObject({
    stdout: 'made\n',
    stderr: expect.stringMatching(/there is no WebSocket here.*install the package ws/),
  });
});
