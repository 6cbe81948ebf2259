// SPDX-License-Identifier: Apache-2.0
/**
 * Finds a Chromium or Chrome: `CHROME_BIN`, then the usual names and places. As root on Debian it installs the
 * distribution's package `chromium` if there is none, and says so first; `--no-install` refuses (./dependencies.mjs).
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { mayInstall } from './dependencies.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge'];
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

export const HOW_TO_GET_ONE =
  'No Chromium or Chrome was found. Install one (Debian: apt-get install chromium) or set CHROME_BIN to its path.';

/** Debian's Chromium needs --no-sandbox as root; without a GPU, WebGL is rendered in software. */
export const CHROMIUM_FLAGS = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** The path of a browser, or `undefined`. */
export function findChromium() {
  const candidates = [
    process.env.CHROME_BIN,
    ...(process.env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))),
    ...PLACES,
  ];
  return candidates.find((path) => path && isExecutable(path));
}

/** The path of a browser; installs one where it may. `undefined` if none can be had. */
export function ensureChromium() {
  const found = findChromium();
  const canInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (found || !canInstall || !mayInstall()) return found;
  const commands = [
    ['apt-get', 'update'],
    ['apt-get', 'install', '-y', '--no-install-recommends', 'chromium'],
  ];
  console.log('No browser was found. Installing one on this machine, as root, by');
  for (const command of commands) console.log(`  ${command.join(' ')}`);
  console.log('(--no-install refuses; CHROME_BIN names one that is elsewhere)');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const [program, ...args] of commands) spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env });
  return findChromium();
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
