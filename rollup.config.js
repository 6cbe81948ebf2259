// SPDX-License-Identifier: Apache-2.0
/** Builds the package: ESM and CommonJS with shared chunks, a script-tag bundle, and one declaration file per entry point. */
import dts from 'rollup-plugin-dts';
import esbuild from 'rollup-plugin-esbuild';

const entries = {
  index: 'src/index.ts',
  cpu: 'kernels/cpu/index.ts',
  webgl: 'kernels/webgl/index.ts',
  wasm: 'kernels/wasm/index.ts',
  layers: 'src/integrations/layers.ts',
  graph: 'src/integrations/graph.ts',
};
const external = [/^@tensorflow\//];
const typescript = () => esbuild({ target: 'es2020' });

/** The script-tag bundle extends the global `tf` of tfjs's own bundles, so `tf` is what its imports resolve to. */
const bundle = {
  name: 'conv2dTransposePlugin',
  format: 'iife',
  globals: { '@tensorflow/tfjs-core': 'tf', '@tensorflow/tfjs-backend-cpu': 'tf' },
  sourcemap: true,
};

export default [
  {
    input: entries,
    external,
    plugins: [typescript()],
    output: [
      { dir: 'dist', format: 'es', entryFileNames: '[name].mjs', chunkFileNames: 'shared-[hash].mjs', sourcemap: true },
      {
        dir: 'dist',
        format: 'cjs',
        entryFileNames: '[name].cjs',
        chunkFileNames: 'shared-[hash].cjs',
        sourcemap: true,
      },
    ],
  },
  {
    input: 'kernels/script_tag.ts',
    external,
    plugins: [esbuild({ target: 'es2020', minify: true })],
    output: { ...bundle, file: 'dist/tfjs-conv2d-transpose.min.js' },
  },
  {
    input: entries,
    external,
    plugins: [dts()],
    output: [
      { dir: 'dist', format: 'es', entryFileNames: '[name].d.mts', chunkFileNames: 'shared.d.mts' },
      { dir: 'dist', format: 'es', entryFileNames: '[name].d.cts', chunkFileNames: 'shared.d.cts' },
    ],
  },
];
