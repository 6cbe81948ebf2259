// SPDX-License-Identifier: Apache-2.0
/** Threads in a browser: in a page, in a worker of it, where the page is isolated, where not, and under a policy. */
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSync } from 'esbuild';
import type { Browser } from 'playwright-core';
import { ISOLATING_HEADERS } from '../../bench/peers/isolation';
import { launchChromium } from '../support/chromium';

/** What runs in the page and in a worker: how many threads there are, and whether they compute what one does. */
const SCRIPT = `
  import '@tensorflow/tfjs-backend-cpu';
  import * as tf from '@tensorflow/tfjs-core';
  import { setThreads, threads } from '../../kernels/cpu';
  import { conv2dTranspose } from '../../src';
  async function check() {
    await tf.setBackend('cpu');
    const x = tf.randomNormal([1, 64, 64, 64], 0, 1, 'float32', 1);
    const filter = tf.randomNormal([4, 4, 64, 64], 0, 1, 'float32', 2);
    const compute = () => conv2dTranspose(x, filter, undefined, 2, 'same').dataSync();
    const alone = compute();
    await setThreads(2);
    const together = compute();
    const running = threads();
    await setThreads(1);
    return { ...running, isEqual: alone.every((value, n) => value === together[n]) };
  }
  globalThis.check = check;
  if (typeof importScripts === 'function') check().then(postMessage);
`;
const POLICY = { 'Content-Security-Policy': "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'" };
/** Headers by the first folder of a path. */
const HEADERS: Record<string, Record<string, string>> = {
  isolated: ISOLATING_HEADERS,
  plain: {},
  forbidden: { ...ISOLATING_HEADERS, ...POLICY },
};

interface Outcome {
  count: number;
  reason?: string;
  isEqual: boolean;
}

describe('threads in a browser', () => {
  let [server, browser]: [Server?, Browser?] = [];
  let origin = '';

  beforeAll(async () => {
    const { outputFiles } = buildSync({
      stdin: { contents: SCRIPT, resolveDir: resolve(__dirname), loader: 'ts' },
      bundle: true,
      write: false,
      format: 'iife',
      platform: 'browser',
      define: { global: 'globalThis' },
      external: ['node-fetch', 'util', 'string_decoder', 'crypto', 'os', 'worker_threads', 'perf_hooks', 'fs', 'path'],
    });
    server = createServer(({ url = '' }, response) => {
      const isScript = url.endsWith('.js');
      const type = isScript ? 'text/javascript' : 'text/html';
      response.writeHead(200, { 'Content-Type': type, ...HEADERS[url.split('/')[1]] });
      response.end(isScript ? outputFiles[0].text : '<!doctype html><script src="check.js"></script>');
    });
    await new Promise<void>((listening) => server!.listen(0, '127.0.0.1', listening));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await launchChromium();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const outcomeIn = async (folder: string, inWorker = false): Promise<Outcome> => {
    const page = await browser!.newPage();
    await page.goto(`${origin}/${folder}/index.html`);
    const outcome = await page.evaluate(
      inWorker
        ? `new Promise((resolve) => (new Worker('check.js').onmessage = ({ data }) => resolve(data)))`
        : 'check()',
    );
    await page.close();
    return outcome as Outcome;
  };

  it('run in an isolated page, which spins, and in a worker of it, which sleeps', async () => {
    expect(await outcomeIn('isolated')).toEqual({ count: 2, isEqual: true });
    expect(await outcomeIn('isolated', true)).toEqual({ count: 2, isEqual: true });
  }, 60_000);

  it('are one in a page that is not isolated', async () => {
    const reason = 'this page is not cross-origin isolated';
    expect(await outcomeIn('plain')).toEqual({ count: 1, reason, isEqual: true });
  }, 60_000);

  it("are one where a policy forbids the worker's script", async () => {
    const { count, reason, isEqual } = await outcomeIn('forbidden');
    expect([count, isEqual]).toEqual([1, true]);
    expect(reason).toBe(
      "a thread can't be started: it is forbidden here: the page's content-security policy must allow worker-src blob:",
    );
  }, 60_000);
});
