// SPDX-License-Identifier: Apache-2.0
/**
 * Set-up that `npm start`, `npm test` and others share: checks Node, installs the dependencies and compiles the
 * WebAssembly, each if it is missing or out of date. What it installs it says first.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Prepares a command that uses the WebAssembly of some folders. `--no-install` is taken from its arguments: then it and
 * every process that it starts install nothing. `NO_INSTALL=1` in the environment does the same.
 */
export async function prepare(...folders) {
  const flag = process.argv.indexOf('--no-install');
  if (flag >= 0) {
    process.argv.splice(flag, 1);
    process.env.NO_INSTALL = '1';
  }
  ensureDependencies();
  const { buildWasm } = await import('./build_wasm.mjs');
  await buildWasm(...folders);
}

/** Whether anything may be installed, here or on the machine. */
export function mayInstall() {
  return !['1', 'true'].includes(process.env.NO_INSTALL);
}

function ensureDependencies() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) stop(`Node ${process.versions.node} is too old: this project needs Node 20 or newer.`);
  const folder = `${root}node_modules`;
  // Somebody else's: npm ci would empty it.
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const [lock, installed] = [`${root}package-lock.json`, `${folder}/.package-lock.json`];
  const isInstalled = existsSync(installed);
  if (isInstalled && isOfLock(readFileSync(installed, 'utf8'), readFileSync(lock, 'utf8'))) return;
  const missing = isInstalled ? 'node_modules is of another package-lock.json' : 'The dependencies are not installed';
  if (!mayInstall()) stop(`${missing}, and --no-install was given. Run npm ci, then this again.`);
  console.log(`${missing}. Installing them into node_modules (npm ci; --no-install refuses) …`);
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) stop('npm ci failed: see above. It needs the npm registry, or a filled npm cache.');
}

/**
 * Whether all that a lock file asks for is installed, by npm's own list of what is in node_modules. It leaves out the
 * project itself, and optional packages for other platforms; how it flags the others depends on npm's version.
 */
export function isOfLock(installedText, lockText) {
  const [installed, asked] = [installedText, lockText].map((text) => JSON.parse(text).packages);
  return Object.entries(asked).every(([name, entry]) => {
    if (name === '') return true;
    const found = installed[name];
    if (found === undefined) return Boolean(entry.optional || entry.devOptional);
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
