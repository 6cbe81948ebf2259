// SPDX-License-Identifier: Apache-2.0
/** `npm start`: installs what is missing, then runs the comparison with the same arguments. */
import { spawnSync } from 'node:child_process';
import { ensureDependencies, root } from '../.ci/dependencies.mjs';

ensureDependencies();
const { status } = spawnSync(
  process.execPath,
  ['--import', 'tsx', `${root}bench/compare.ts`, ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
process.exit(status ?? 1);
