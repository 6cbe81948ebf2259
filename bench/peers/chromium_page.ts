// SPDX-License-Identifier: Apache-2.0
/**
 * Opens a page of ours in headless Chromium: bundled by esbuild and served by request interception, so that neither a
 * server nor a network is needed.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { type LaunchOptions, type Page, chromium } from 'playwright-core';
import { CHROMIUM_FLAGS, HOW_TO_GET_ONE, VULKAN_FLAGS, WEBGPU_FLAGS, ensureChromium } from '../../scripts/chromium.mjs';
import { ISOLATING_HEADERS } from './isolation';

const ORT_FOLDER = new URL('../../node_modules/onnxruntime-web/dist/', import.meta.url);

/** The functions that a page has put under `globalThis.page`, to be called from Node. */
export type PageCalls<P> = {
  readonly [K in keyof P]: P[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

export function callsOf<P extends object>(tab: Page): PageCalls<P> {
  type Global = { page: Record<string, (...args: unknown[]) => unknown> };
  const call =
    (name: string) =>
    (...args: unknown[]): Promise<unknown> =>
      tab.evaluate(([of, given]) => (globalThis as unknown as Global).page[of](...given), [name, args] as const);
  return new Proxy({} as PageCalls<P>, { get: (_, name) => call(name as string) });
}

/**
 * Runs `body` on a page with the script of `entry` (a file of this folder, or a URL); or says why it cannot.
 *
 * @param body Gets the page, the browser's name, and what loads the page anew.
 * @param folders What else is served: the files below a folder, at `/<name>/…`.
 */
export async function inChromium<T>(
  entry: string,
  body: (tab: Page, browser: string, renew: () => Promise<void>) => Promise<T>,
  launch: LaunchOptions = {},
  folders: Readonly<Record<string, string>> = {},
): Promise<T | { skipped: string }> {
  const executablePath = ensureChromium();
  if (!executablePath) return { skipped: HOW_TO_GET_ONE };
  const { outputFiles } = await build({
    entryPoints: [new URL(entry, import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    // What tfjs and seedrandom would use in Node.
    external: ['node-fetch', 'util', 'string_decoder', 'crypto', 'os', 'worker_threads', 'perf_hooks', 'fs', 'path'],
    define: { global: 'globalThis', 'import.meta.url': '"https://bench.invalid/"' },
    logLevel: 'error',
  });
  const browser = await chromium.launch({
    executablePath,
    args: [...CHROMIUM_FLAGS, ...WEBGPU_FLAGS, ...VULKAN_FLAGS],
    ...launch,
  });
  try {
    const tab = await browser.newPage();
    tab.on('pageerror', (error) => console.error(error));
    tab.on('console', (message) => process.stderr.write(`${message.text()}\n`));
    await tab.route('**/*', async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/')
        return route.fulfill({
          contentType: 'text/html',
          // A page that is isolated has threads, and a clock of 5 µs; others one of 0.1 ms.
          headers: ISOLATING_HEADERS,
          body: '<!doctype html><title>bench</title>',
        });
      const [, folder, ...path] = pathname.split('/');
      if (folder in folders) return route.fulfill({ path: join(folders[folder], ...path) });
      const file = await readFile(new URL(basename(pathname), ORT_FOLDER));
      await route.fulfill({
        headers: ISOLATING_HEADERS,
        contentType: pathname.endsWith('.wasm') ? 'application/wasm' : 'text/javascript',
        body: file,
      });
    });
    const renew = async (): Promise<void> => {
      await tab.goto('https://bench.invalid/');
      await tab.addScriptTag({ content: outputFiles[0].text });
    };
    await renew();
    return await body(tab, `Chromium ${browser.version()}`, renew);
  } finally {
    await browser.close();
  }
}
