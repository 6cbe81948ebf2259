// SPDX-License-Identifier: Apache-2.0
/**
 * Where the suite runs: a browser in a setting, how it is started, what its page may do, and which backends it is to
 * lack. `is` asks of what the page has found whether the environment is what it is called; one that is not fails.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHROMIUM_FLAGS, VULKAN_FLAGS, WEBGPU_FLAGS, findChromium } from '../../scripts/chromium.mjs';
import { findProgram, isDebian, packageVersion } from '../../scripts/programs.mjs';

/** A program: its name, the package of Debian that brings it, and how it is found. */
const program = (name, debian, find) => ({ name, debian, find });
/** A library: only Debian is asked for it. */
const library = (debian) => program(debian, debian, () => !isDebian() || packageVersion(debian));

export const xvfb = program('Xvfb', 'xvfb', () => findProgram(['Xvfb']));
const chromium = program('Chromium', 'chromium', findChromium);
const firefox = program('Firefox', 'firefox-esr', () =>
  process.env.FIREFOX_BIN ? findProgram([], [process.env.FIREFOX_BIN]) : findProgram(['firefox-esr', 'firefox']),
);
const webKit = program('WebKitGTK', 'webkit2gtk-driver', () => findProgram([], miniBrowsers()));

/** WebKitGTK's own small browser lies in a folder per architecture and version. */
function miniBrowsers() {
  const folders = (path) => {
    try {
      return readdirSync(path).map((name) => join(path, name));
    } catch {
      return [];
    }
  };
  return ['/usr/libexec', '/usr/lib', ...folders('/usr/lib'), ...folders('/usr/libexec')]
    .flatMap(folders)
    .filter((path) => path.includes('webkit'))
    .map((path) => join(path, 'MiniBrowser'));
}

const software = { LIBGL_ALWAYS_SOFTWARE: '1' };
const openGL = [library('libgl1-mesa-dri'), library('libegl1'), library('libgles2')];

/** Chromium with flags beyond the usual. Of two of a name, the last one counts. */
const inChromium = (setting, { flags = [], ...more }) => ({
  setting,
  browser: chromium,
  libraries: [],
  start: (folder, url) => [
    ...CHROMIUM_FLAGS,
    ...WEBGPU_FLAGS,
    ...VULKAN_FLAGS,
    '--headless=new',
    '--remote-debugging-port=0', // Without one it may end at once.
    '--disable-dev-shm-usage',
    '--disable-background-timer-throttling',
    '--disable-renderer-backgrounding',
    `--user-data-dir=${folder}`,
    ...flags,
    url,
  ],
  ...more,
});

const FIREFOX_PREFERENCES = {
  'webgl.force-enabled': true, // In software, too.
  'dom.max_script_run_time': 0,
  'browser.shell.checkDefaultBrowser': false,
  'browser.aboutwelcome.enabled': false,
  'browser.sessionstore.resume_from_crash': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'extensions.update.enabled': false,
  'browser.safebrowsing.downloads.enabled': false,
};

export const ENVIRONMENTS = [
  {
    browser: firefox,
    libraries: openGL,
    display: true, // `--headless` has no WebGL.
    env: software,
    start: (folder, url) => {
      const lines = Object.entries(FIREFOX_PREFERENCES).map(
        ([name, value]) => `user_pref('${name}', ${JSON.stringify(value)});`,
      );
      writeFileSync(join(folder, 'user.js'), lines.join('\n'));
      return ['--no-remote', '--profile', folder, url];
    },
    without: ['webgpu'], // It has it on other systems than Linux.
    is: ({ agent }) => /Firefox/.test(agent),
  },
  {
    browser: webKit,
    libraries: openGL,
    display: true,
    env: { ...software, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' }, // Its sandbox cannot be had by root.
    start: (_folder, url) => [url],
    without: ['webgpu'],
    is: ({ agent }) => /AppleWebKit/.test(agent) && !/Chrome/.test(agent),
  },
  inChromium('SwiftShader', { is: ({ renderer }) => /SwiftShader/.test(renderer) }),
  inChromium('llvmpipe', {
    libraries: openGL,
    env: { EGL_PLATFORM: 'surfaceless' },
    flags: ['--use-angle=gl-egl', '--ignore-gpu-blocklist'],
    is: ({ renderer }) => /llvmpipe/.test(renderer),
  }),
  inChromium('no WebGL, no WebGPU', {
    // Not --disable-3d-apis, which leaves an OffscreenCanvas its WebGL.
    flags: ['--disable-gpu', '--disable-software-rasterizer'],
    without: ['webgl', 'webgpu'],
    is: ({ renderer }) => renderer === '',
  }),
  inChromium('no WebAssembly', {
    flags: ['--js-flags=--jitless'],
    without: ['wasm'],
    is: ({ webAssembly, engines }) => !webAssembly && engines.join() === 'plain',
  }),
  inChromium('no SIMD', {
    flags: ['--js-flags=--no-enable-sse4-1 --no-enable-ssse3 --no-enable-avx --no-enable-avx2'],
    is: ({ webAssembly, engines }) => webAssembly && engines.join() === 'plain',
  }),
  inChromium('in a worker', { page: 'in_worker.html', is: ({ inWorker }) => inWorker }),
  inChromium('COOP and COEP', {
    headers: { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' },
    is: ({ hasThreads }) => hasThreads,
  }),
  inChromium('strict CSP', {
    headers: { 'content-security-policy': "default-src 'none'; script-src 'self'; connect-src 'self'" },
    without: ['wasm'],
    is: ({ webAssembly, mayCompile, engines }) => webAssembly && !mayCompile && engines.join() === 'plain',
  }),
];
