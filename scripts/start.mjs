// SPDX-License-Identifier: Apache-2.0
/**
 * Prepares what is missing, then runs the script that is named first, a path from the root of the repository, with the
 * arguments after it.
 */
import { spawn } from 'node:child_process';
import { prepare, root } from './dependencies.mjs';

await prepare('kernels', 'bench');
const [script, ...args] = process.argv.slice(2);
const child = spawn(process.execPath, ['--import', 'tsx', `${root}${script}`, ...args], {
  cwd: root,
  stdio: 'inherit',
});
// The script decides what an interruption means: a training run saves itself first. Ctrl-C reaches it by itself, being
// of the same group.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (status) => process.exit(status ?? 1));
