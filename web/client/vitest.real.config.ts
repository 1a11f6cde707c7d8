import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The client as others get it, built and packed, against the real server: in Node, and in Chromium with several tabs.
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['client/test/*.real.ts'],
    globalSetup: 'client/test/setup.ts',
    fileParallelism: false,
    // A test that passes spends none of these; a busy machine does.
    testTimeout: 300_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 50 } },
  },
});
