// SPDX-License-Identifier: Apache-2.0
/** A page in Chromium whose content-security policy forbids WebAssembly, and one whose doesn't: which engine runs, and that it is right. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';

const SOURCE = `
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { availableEngines } from './kernels/cpu';
import { conv2dTranspose } from './src';
globalThis.answer = async () => {
  await tf.setBackend('cpu');
  const y = conv2dTranspose([[[[1], [2]]]], [[[[3]], [[5]]]], undefined, 2, 'valid');
  return [availableEngines(), Array.from(y.dataSync())];
};`;

describe('a content-security policy', () => {
  let script = '';
  let browser: Browser;

  beforeAll(async () => {
    // Jest takes no ES modules without a flag: a process of its own does.
    const ask = `import('./.ci/chromium.mjs').then((m) => console.log(JSON.stringify([m.ensureChromium(), m.CHROMIUM_FLAGS, m.HOW_TO_GET_ONE])))`;
    const printed = execFileSync(process.execPath, ['-e', ask], { encoding: 'utf8' }).trim().split('\n').at(-1)!;
    const [executablePath, args, howToGetOne] = JSON.parse(printed) as [string | null, string[], string];
    const { outputFiles } = await build({
      stdin: { contents: SOURCE, resolveDir: process.cwd() },
      bundle: true,
      write: false,
      format: 'iife',
      define: { global: 'globalThis' },
      external: ['node-fetch', 'util', 'string_decoder', 'crypto', 'os', 'worker_threads', 'perf_hooks', 'fs', 'path'],
    });
    script = outputFiles[0].text;
    if (!executablePath) throw new Error(howToGetOne);
    browser = await chromium.launch({ executablePath, args });
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
