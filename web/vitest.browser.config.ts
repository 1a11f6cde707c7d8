import { defineConfig } from 'vitest/config';

// Stories in a real browser against the real server. One file at a time: a browser and a server are enough for a small machine.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/setup.ts',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 15_000, interval: 50 } },
  },
});
