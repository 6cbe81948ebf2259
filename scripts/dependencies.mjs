// SPDX-License-Identifier: Apache-2.0
/** Set-up that `npm start` and `npm test` share: checks Node, installs the dependencies and compiles the WebAssembly, if missing or out of date. */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync, utimesSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

export async function prepare() {
  ensureDependencies();
  const { buildWasm } = await import('./build_wasm.mjs');
  await buildWasm();
}

function ensureDependencies() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    console.error(`Node ${process.versions.node} is too old: this project needs Node 20 or newer.`);
    process.exit(1);
  }
  const [lock, installed] = [`${root}package-lock.json`, `${root}node_modules/.package-lock.json`];
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.log('Installing the dependencies (npm ci) …');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    console.error('npm ci failed: see above. It needs the npm registry, or a filled npm cache.');
    process.exit(1);
  }
  utimesSync(installed, new Date(), new Date());
}
