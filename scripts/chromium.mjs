// SPDX-License-Identifier: Apache-2.0
/**
 * Finds a Chromium or Chrome: `CHROME_BIN`, then the usual names and places. As root on Debian it installs the
 * distribution's package `chromium` if there is none (./programs.mjs).
 */
import { findProgram, installPackages } from './programs.mjs';

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

/** Where WebGPU runs without a GPU. */
export const WEBGPU_FLAGS = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** And where canvases can show what it wrote, by which tfjs reads synchronously. */
export const VULKAN_FLAGS = ['--enable-features=Vulkan', '--use-vulkan=swiftshader'];

/** The path of a browser, or `undefined`. */
export function findChromium() {
  return findProgram([], [process.env.CHROME_BIN]) ?? findProgram(NAMES, PLACES);
}

/** The path of a browser; installs one where it may. `undefined` if none can be had. */
export function ensureChromium() {
  const found = findChromium();
  if (!found) installPackages(['chromium']);
  return found ?? findChromium();
}
