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

/** Whether browsers use the GPU of this machine (`CHROMIUM_GPU=1`). Else software renders, anywhere alike. */
const ON_GPU = process.env.CHROMIUM_GPU === '1';

/** Debian's Chromium needs --no-sandbox as root. */
export const CHROMIUM_FLAGS = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ...(ON_GPU
    ? ['--enable-gpu', '--ignore-gpu-blocklist']
    : ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader']),
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** For WebGPU. */
export const WEBGPU_FLAGS = ['--enable-unsafe-webgpu', ...(ON_GPU ? [] : ['--use-webgpu-adapter=swiftshader'])];

/** And for canvases that can show what it wrote, by which tfjs reads synchronously. */
export const VULKAN_FLAGS = ['--enable-features=Vulkan', ...(ON_GPU ? [] : ['--use-vulkan=swiftshader'])];

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
