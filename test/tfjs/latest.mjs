// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run test:latest`: whether all is right on the newest tfjs. Copies the repository into a temporary folder, takes
 * there the newest version of every tfjs package instead of those of the lock file, and runs `npm test` and
 * `npm run test:tfjs`. The checkout stays as it is. Names of other scripts (`-- test:unit`) run those instead.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { root } from '../../scripts/dependencies.mjs';

const scripts = process.argv.length > 2 ? process.argv.slice(2) : ['test', 'test:tfjs'];
/** What is made from the sources, or is none of them. */
const LEFT_OUT = ['.git', 'node_modules', 'dist', 'coverage', 'out'];

const folder = mkdtempSync(join(tmpdir(), 'newest-tfjs-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
cpSync(root, folder, { recursive: true, filter: (path) => !LEFT_OUT.includes(basename(path)) });

const file = join(folder, 'package.json');
const manifest = JSON.parse(readFileSync(file, 'utf8'));
const newest = new Map();
for (const list of [manifest.devDependencies, manifest.peerDependencies]) {
  for (const name of Object.keys(list).filter((dependency) => dependency.startsWith('@tensorflow/'))) {
    if (!newest.has(name)) newest.set(name, npm(['view', `${name}@latest`, 'version'], { output: true }));
    list[name] = `^${newest.get(name)}`;
  }
}
writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
// The packages of others may name an older tfjs as their peer.
npm(['install', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
// As new as the lock file that npm has just written, so that nothing installs again.
utimesSync(join(folder, 'node_modules/.package-lock.json'), new Date(), new Date());

for (const [name, version] of newest) {
  const installed = JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version;
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages[`node_modules/${name}`];
  console.log(`${name} ${installed} (the lock file has ${locked?.version ?? 'none'})`);
  if (installed !== version) stop(`${name} ${version} is the newest, but ${installed} was installed`);
}

const failed = scripts.filter((script) => spawnNpm(['run', script]).status !== 0);
if (failed.length > 0) stop(`Failed on the newest tfjs: ${failed.join(', ')}`);
console.log(`Passed on the newest tfjs: ${scripts.join(', ')}`);

function spawnNpm(args, { output = false } = {}) {
  return spawnSync('npm', args, {
    cwd: folder,
    stdio: ['ignore', output ? 'pipe' : 'inherit', 'inherit'],
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
}

/** Runs npm in the copy; ends everything if it fails. */
function npm(args, options) {
  const { status, stdout } = spawnNpm(args, options);
  if (status !== 0) stop(`npm ${args.join(' ')} failed: see above. It needs the npm registry.`);
  return stdout?.trim();
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
