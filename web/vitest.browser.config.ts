import { defineConfig } from 'vitest/config';

// Stories in a real browser against the real server. Two files at a time, each with a browser and a server of its own:
// they wait most of the time.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/setup.ts',
    maxWorkers: 2,
    // A test that passes spends none of these; a busy machine does.
    testTimeout: 300_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 50 } },
  },
});
