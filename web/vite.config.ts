import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { stylesFirst } from './scripts/styles-first.ts';

// In development (npm run dev) the page comes from Vite, and everything else from a server that runs beside it.
const server = process.env.VERBATIM_SERVER ?? 'http://127.0.0.1:8080';

export default defineConfig({
  base: './', // the server may be below a path of its host
  plugins: [stylesFirst()],
  build: {
    assetsInlineLimit: 0, // every asset is a file with its hash: nothing inline for the policy to forbid
    modulePreload: { polyfill: false },
    target: 'es2022',
    minify: 'terser',
    // Gzip gains more from what is written alike than from fewer letters: so few calls are inlined, and no comparison
    // is turned round.
    terserOptions: { ecma: 2020, compress: { passes: 3, inline: 1, lhs_constants: false } },
    reportCompressedSize: false,
  },
  resolve: {
    alias: {
      '@verbatim/client': fileURLToPath(new URL('client/index.ts', import.meta.url)),
      '\0vite/preload-helper.js': fileURLToPath(new URL('page/load-part.ts', import.meta.url)),
    },
  },
  server: {
    proxy: {
      '/api': { target: server, changeOrigin: true },
      '/ws': { target: server, ws: true, changeOrigin: true, rewriteWsOrigin: true },
    },
  },
  test: {
    include: ['client/**/*.test.ts', 'page/**/*.test.{ts,tsx}', 'bench/*.test.ts'],
    exclude: configDefaults.exclude,
    // ends a test that hangs; beside two busy loops a test that passes may take more than a minute
    testTimeout: 300_000,
  },
});
