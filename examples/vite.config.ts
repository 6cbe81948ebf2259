// SPDX-License-Identifier: Apache-2.0
/**
 * Builds the site of the examples to static files in `examples/dist`. They work from any folder of any web server: all
 * addresses are relative.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { ISOLATING_HEADERS } from '../bench/peers/isolation';
import { bundledFirst } from './bundled_first';

const here = fileURLToPath(new URL('.', import.meta.url));
const pages = ['compare', 'explorer', 'decoder', 'gan'];
const parts = ['core', 'layers', 'converter', 'backend-cpu', 'backend-wasm', 'backend-webgl', 'backend-webgpu'];
const tfjs = ['tfjs', ...parts.map((part) => `tfjs-${part}`)].map((name) => `@tensorflow/${name}`);
// What tfjs and seedrandom look for in Node.
const define = { global: 'globalThis' };
const alias = Object.fromEntries(
  ['crypto', 'fs', 'path', 'util', 'os'].map((name) => [name, `${here}site/not_in_a_page.ts`]),
);

const first = bundledFirst(tfjs, { define, alias, target: 'es2022' });

export default defineConfig({
  root: here,
  base: './',
  define,
  resolve: { alias },
  // Workers need nearly all of tfjs anyway; shaking it takes seven seconds and saves a few per cent.
  worker: {
    format: 'es',
    rollupOptions: { treeshake: false },
    plugins: () => [first],
  },
  // Pages that are cross-origin isolated have threads. The tests of pages are served with the same.
  preview: { headers: ISOLATING_HEADERS },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    reportCompressedSize: false,
    target: 'es2022',
    chunkSizeWarningLimit: 4000,
    rollupOptions: {
      input: ['index.html', ...pages.map((page) => `${page}/index.html`)].map((path) => here + path),
    },
  },
});
