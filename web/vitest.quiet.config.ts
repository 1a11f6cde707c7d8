import { defineConfig } from 'vitest/config';

// What compares measured times, and so needs a quiet machine: `make drills` runs it, one after the other.
process.env.VERBATIM_QUIET = 'yes';
export default defineConfig({
  test: {
    include: ['quiet/**/*.test.ts', 'page/conversation/markdown.test.tsx'],
    globalSetup: 'test/setup.ts',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 30_000, interval: 50 } },
  },
});
