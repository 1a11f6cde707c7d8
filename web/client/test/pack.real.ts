// The package as others get it: packed, installed in an empty folder, type-checked by strangers' settings, and run.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { useServer } from '../../test/server.ts';

const run = promisify(execFile);
const web = new URL('../../', import.meta.url).pathname;
const server = useServer();
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'verbatim-pack-'));
  const pack = (what: string) => run('npm', ['pack', '--silent', '--pack-destination', folder, what], { cwd: web });
  await pack('./client');
  await pack('./node_modules/idb'); // its one dependency, from here: no registry is asked
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'stranger', private: true, type: 'module' }));
  const tarballs = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs.map((file) => `./${file}`)], { cwd: folder });
  for (const name of ['ws', '@types']) symlinkSync(join(web, 'node_modules', name), join(folder, 'node_modules', name));
  writeFileSync(join(folder, 'program.ts'), program);
  return () => rmSync(folder, { recursive: true });
}, 300_000);

const program = `import { Chat, RequestError, type ChatEvents, type OutboxItem, type OutboxStore } from '@verbatim/client';
import { WebSocket } from 'ws';

const chat = new Chat({ url: process.argv[2]!, name: 'ann', open: (url, protocols) => new WebSocket(url, protocols) });
const stop: () => void = chat.on('message', ({ conversation, message }) => console.log(conversation, message.seq, message.text));
chat.on('state', (state: ChatEvents['state']) => { if (state.phase === 'refused') console.log(state.reason); });
chat.join('lobby');
chat.connect();
const item: OutboxItem = await chat.settled(chat.send('lobby', 'hi'));
console.log(item.state, item.seq);
const wrong: unknown = await chat.history('lobby', { after: 99 }).catch((error: unknown) => error);
if (wrong instanceof RequestError) console.log(wrong.code);
stop();
await chat.close();
// @ts-expect-error: there is no such event
chat.on('nonsense', () => {});
export type { OutboxStore };
`;

const settings = {
  'Node, no DOM': ['--lib', 'es2023', '--types', 'node', '--module', 'nodenext', '--moduleResolution', 'nodenext'],
  'a bundler, with the DOM': ['--lib', 'es2023,dom,dom.iterable', '--types', 'node', '--module', 'esnext', '--moduleResolution', 'bundler'],
};

test('the package has what is built, and nothing else', async () => {
  const files = readdirSync(join(folder, 'node_modules/@verbatim/client'), { recursive: true }) as string[];
  expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'dist/index.js', 'dist/index.d.ts']));
  expect(files.filter((file) => /test|(?<!\.d)\.ts$/.test(file))).toEqual([]);
});

test.for(Object.entries(settings))('its types are whole for %s', async ([, flags]) => {
  const tsc = run(join(web, 'node_modules/.bin/tsc'), ['--noEmit', '--strict', '--target', 'es2022', ...flags, 'program.ts'], { cwd: folder });
  await expect(tsc.catch((error: { stdout: string }) => Promise.reject(new Error(error.stdout)))).resolves.toMatchObject({ stdout: '' });
});

test('a program that imports it runs to its end', async () => {
  await run(join(web, 'node_modules/.bin/tsc'), ['--outDir', 'out', '--target', 'es2022', ...settings['Node, no DOM'], 'program.ts'], { cwd: folder });
  const { stdout } = await run(process.execPath, ['out/program.js', `${server().url.replace('http', 'ws')}/ws`], { cwd: folder, timeout: 120_000 });
  expect(stdout.trim().split('\n').sort()).toEqual(['bad_request', 'lobby 1 hi', 'recorded 1']);
});

test('without a WebSocket it says what to do', async () => {
  const code = "delete globalThis.WebSocket; const { Chat } = await import('@verbatim/client'); new Chat({ url: 'ws://127.0.0.1:1/ws' });";
  const failed = run(process.execPath, ['--input-type=module', '-e', code], { cwd: folder });
  await expect(failed).rejects.toMatchObject({ stderr: expect.stringMatching(/there is no WebSocket here.*install the package ws/) });
});
