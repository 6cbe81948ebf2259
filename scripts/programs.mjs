// SPDX-License-Identifier: Apache-2.0
/**
 * Programs of this machine: where one is, and how to install those that Debian has. That needs apt-get and root, and
 * `--no-install` refuses it (./dependencies.mjs). What is installed is said first.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { mayInstall } from './dependencies.mjs';

/** The path of a program: one of these names on PATH, or one of these places. `undefined` if there is none. */
export function findProgram(names, places = []) {
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  return [...onPath, ...places].find((path) => path && isExecutable(path));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether packages of Debian can be asked for, and installed, on this machine. */
export const isDebian = () => existsSync('/etc/debian_version') && findProgram(['apt-get']) !== undefined;

/** The version of a package that is installed on this Debian, or ''. */
export function packageVersion(name) {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f=${db:Status-Status} ${Version}', name], { encoding: 'utf8' });
  return /^installed (.*)/.exec(stdout ?? '')?.[1] ?? '';
}

/** Installs packages of Debian. Returns '' once they are there, else why they are not. */
export function installPackages(packages) {
  if (!isDebian()) return 'this machine has no apt-get';
  if (process.getuid?.() !== 0) return 'only root may install';
  if (!mayInstall()) return 'nothing may be installed (--no-install)';
  const commands = [
    ['apt-get', 'update'],
    // Where several install at once, each waits for its turn.
    ['apt-get', 'install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...packages],
  ];
  console.log('Installing on this machine, as root (--no-install refuses), by');
  for (const command of commands) console.log(`  ${command.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const outcomes = commands.map(([program, ...args]) =>
    spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env }),
  );
  return outcomes.at(-1).status === 0 ? '' : 'apt-get could not install it: see above';
}
