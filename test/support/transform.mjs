// SPDX-License-Identifier: Apache-2.0
/** What jest takes TypeScript off with. Types are checked by `npm run types`. */
import { createHash } from 'node:crypto';
import { transformSync, version } from 'esbuild';

const OPTIONS = {
  loader: 'ts',
  format: 'cjs',
  target: 'es2022',
  supported: { 'dynamic-import': false }, // It becomes a require, too.
  sourcemap: 'inline',
};

export default {
  process: (source, path) => transformSync(source, { ...OPTIONS, sourcefile: path }),
  // By itself jest takes what other options have made of a file for the same.
  getCacheKey: (source, path, { configString }) =>
    createHash('sha256')
      .update(JSON.stringify([version, OPTIONS, source, path, configString]))
      .digest('hex'),
};
