// SPDX-License-Identifier: Apache-2.0
/**
 * The same specs as under jest, and those for WebGL and WebGPU, in headless Chromium with software rendering. Run by
 * test/karma.mjs, which bundles them.
 */
import { CHROMIUM_FLAGS, VULKAN_FLAGS, WEBGPU_FLAGS } from './scripts/chromium.mjs';
import { karmaProgress } from './test/progress.mjs';

export default (config) =>
  config.set({
    basePath: import.meta.dirname ?? new URL('.', import.meta.url).pathname,
    frameworks: ['jasmine'],
    plugins: ['karma-jasmine', 'karma-chrome-launcher', karmaProgress],
    files: ['test/dist/specs.js'],
    browsers: ['Software'],
    customLaunchers: {
      Software: { base: 'Chrome', flags: ['--headless', ...CHROMIUM_FLAGS, ...WEBGPU_FLAGS, ...VULKAN_FLAGS] },
    },
    reporters: ['progress-lines'],
    logLevel: 'WARN',
    singleRun: true,
    autoWatch: false,
    browserNoActivityTimeout: 300_000,
    captureTimeout: 120_000,
    pingTimeout: 300_000, // A spec may keep the page busy for long.
    browserDisconnectTimeout: 30_000,
    retryLimit: 0, // A browser that crashes amid the specs would not run the others.
    client: { jasmine: { random: false, timeoutInterval: 120_000 }, captureConsole: true },
    browserConsoleLogOptions: { level: 'warn', terminal: true },
  });
