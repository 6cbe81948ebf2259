// SPDX-License-Identifier: Apache-2.0
/**
 * A page in Chromium whose content-security policy forbids WebAssembly, and one whose doesn't: which engine runs, and
 * that it is right.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../support/chromium';

const SOURCE = `
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { availableEngines } from './kernels/cpu';
import { conv2dTranspose } from './src';
globalThis.answer = async () => {
  await tf.setBackend('cpu');
  const y = conv2dTranspose([[[[1], [2]]]], [[[[3]], [[5]]]], undefined, 2, 'valid');
  return [availableEngines().map(({ name }) => name), Array.from(y.dataSync())];
};`;

describe('a content-security policy', () => {
  let script = '';
  let browser: Browser;

  beforeAll(async () => {
    const { outputFiles } = await build({
      stdin: { contents: SOURCE, resolveDir: process.cwd() },
      bundle: true,
      write: false,
      format: 'iife',
      define: { global: 'globalThis' },
      external: ['node-fetch', 'util', 'string_decoder', 'crypto', 'os', 'worker_threads', 'perf_hooks', 'fs', 'path'],
    });
    script = outputFiles[0].text;
    browser = await launchChromium();
  }, 120_000);
  afterAll(() => browser?.close());

  for (const [policy, engines] of [
    ["script-src 'self'", ['plain']],
    ["script-src 'self' 'wasm-unsafe-eval'", ['relaxed', 'simd', 'plain']],
  ] as const) {
    it(`of ${policy} leaves the engines ${engines.join(', ')}`, async () => {
      const page = await browser.newPage();
      await page.route('**/*', (route) => {
        if (route.request().url().endsWith('.js'))
          return route.fulfill({ contentType: 'text/javascript', body: script });
        const headers = { 'content-security-policy': policy };
        return route.fulfill({
          contentType: 'text/html',
          headers,
          body: '<!doctype html><script src="/page.js"></script>',
        });
      });
      await page.goto('https://page.invalid/');
      // Chromium's own evaluation is not subject to the policy of the page, what the page does is.
      const answer = await page.evaluate(() => (globalThis as unknown as { answer(): Promise<unknown> }).answer());
      expect(answer).toEqual([engines, [3, 5, 6, 10]]);
      await page.close();
    }, 60_000);
  }
});
