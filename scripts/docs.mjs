// SPDX-License-Identifier: Apache-2.0
/** `npm run docs`: the API reference, generated from the docstrings into docs/api, or where `-- --out` says. */
import { spawnSync } from 'node:child_process';
import { prepare, root } from './dependencies.mjs';

await prepare('kernels');
const { status } = spawnSync(process.execPath, [`${root}node_modules/typedoc/bin/typedoc`, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
