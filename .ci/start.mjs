// SPDX-License-Identifier: Apache-2.0
/** `npm start` and `npm run bench`: prepares what is missing, then runs the comparison, or the script that is named first. */
import { spawnSync } from 'node:child_process';
import { prepare, root } from '../.ci/dependencies.mjs';

await prepare();
const args = process.argv.slice(2);
const script = args[0]?.endsWith('.ts') ? args.shift() : 'compare.ts';
const { status } = spawnSync(process.execPath, ['--import', 'tsx', `${root}bench/${script}`, ...args], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
