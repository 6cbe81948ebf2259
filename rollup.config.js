// SPDX-License-Identifier: Apache-2.0
/**
 * Builds the package, as ESM and as CommonJS, with declarations for both:
 *
 *     dist/index.*        the index
 *     dist/entries/*      the other entries, and nothing else: package.json exports this folder
 *     dist/shared/*       chunks that entries share
 *     dist/*.min.js       the script-tag bundle
 */
import dts from 'rollup-plugin-dts';
import esbuild from 'rollup-plugin-esbuild';
import { index, subpaths } from './scripts/entries.mjs';

const input = Object.fromEntries([
  ['index', index],
  ...Object.entries(subpaths).map(([name, source]) => [`entries/${name}`, source]),
]);
const external = [/^@tensorflow\//];

/** Where the files of a format go, by what its file names end with. */
const output = (format, extension) => ({
  dir: 'dist',
  format,
  entryFileNames: `[name].${extension}`,
  chunkFileNames: `shared/[name]-[hash].${extension}`,
});

/** tfjs's own bundles make one global `tf`; only its wasm backend puts what it exports into `tf.wasm`. */
const globalOf = (id) => (id.endsWith('/tfjs-backend-wasm') ? 'tf.wasm' : 'tf');

export default [
  {
    input,
    external,
    plugins: [esbuild({ target: 'es2020' })],
    output: [
      { ...output('es', 'mjs'), sourcemap: true },
      { ...output('cjs', 'cjs'), sourcemap: true },
    ],
  },
  {
    input,
    external,
    plugins: [dts()],
    output: [output('es', 'd.mts'), output('es', 'd.cts')],
  },
  {
    input: 'kernels/script_tag.ts',
    external,
    plugins: [esbuild({ target: 'es2020', minify: true })],
    output: {
      file: 'dist/tfjs-conv2d-transpose.min.js',
      format: 'iife',
      name: 'conv2dTransposePlugin',
      globals: globalOf,
      sourcemap: true,
    },
  },
];
