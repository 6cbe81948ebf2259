// SPDX-License-Identifier: Apache-2.0
/** The specs as one script for a browser. */
import { build } from 'esbuild';
import { root } from '../scripts/dependencies.mjs';

/** Bundles a source, whose imports are relative to this folder, into `test/dist`. Returns the path of the script. */
export async function bundle(name, contents) {
  const outfile = `${root}test/dist/${name}.js`;
  await build({
    stdin: { contents, resolveDir: `${root}test`, loader: 'ts' },
    bundle: true,
    outfile,
    format: 'iife',
    platform: 'browser',
    sourcemap: 'inline',
    define: { global: 'globalThis' },
    // What tfjs and seedrandom would use in Node.
    external: ['node-fetch', 'util', 'string_decoder', 'crypto', 'os', 'worker_threads', 'perf_hooks', 'fs', 'path'],
    logLevel: 'error',
  });
  return outfile;
}
