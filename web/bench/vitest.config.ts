import { defineConfig } from 'vitest/config';

const pictures = process.env.VERBATIM_PICTURES !== undefined;

// Measurements of the real page: one after the other, nothing beside them, no second try.
export default defineConfig({
  test: {
    include: [pictures ? 'bench/pictures.ts' : 'bench/page.bench.ts'],
    globalSetup: 'test/setup.ts',
    reporters: pictures ? ['default'] : ['./bench/report.ts'],
    fileParallelism: false,
    testTimeout: 280_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 30_000, interval: 20 } },
  },
});
