// Builds dist/: ES modules, CommonJS below cjs/, and the types of both. The types name each other as .js, which every
// TypeScript from 4.7 on takes; the compiler leaves them as the sources have them.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const client = new URL('..', import.meta.url).pathname;
const dist = join(client, 'dist');
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');

rmSync(dist, { recursive: true, force: true });
for (const project of ['tsconfig.build.json', 'tsconfig.cjs.json']) {
  execFileSync(process.execPath, [tsc, '-p', join(client, project)], { stdio: 'inherit' });
}
writeFileSync(join(dist, 'cjs/package.json'), '{ "type": "commonjs" }\n');
for (const name of readdirSync(dist, { recursive: true })) {
  if (!name.endsWith('.d.ts')) continue;
  const file = join(dist, name);
  writeFileSync(file, readFileSync(file, 'utf8').replace(/((?:from|import\()\s*['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2'));
}
