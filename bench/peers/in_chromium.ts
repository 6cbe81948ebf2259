// SPDX-License-Identifier: Apache-2.0
/**
 * Runs the page of ./page.ts in headless Chromium: bundled by esbuild and served by request interception, so that
 * neither a server nor a network is needed.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { CHROMIUM_FLAGS, HOW_TO_GET_ONE, ensureChromium } from '../../.ci/chromium.mjs';
import type { Page } from './page';
import type { Raced } from './race';

const ORT_FOLDER = new URL('../../node_modules/onnxruntime-web/dist/', import.meta.url);

export interface ChromiumRace {
  browser: string;
  engine: string;
  peak: number;
  layers: Map<string, Record<string, Raced>>;
}

/** Races the named layers in Chromium, or says why it can't. */
export async function raceInChromium(
  names: readonly string[],
  rounds: number,
  budgetMs: number,
  onLayer: (name: string) => void,
): Promise<ChromiumRace | { skipped: string }> {
  const executablePath = ensureChromium();
  if (!executablePath) return { skipped: HOW_TO_GET_ONE };
  const { outputFiles } = await build({
    entryPoints: [new URL('./page.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    // What tfjs and seedrandom would use in Node.
    external: ['node-fetch', 'util', 'string_decoder', 'crypto', 'os', 'worker_threads', 'perf_hooks', 'fs', 'path'],
    define: { global: 'globalThis', 'import.meta.url': '"https://bench.invalid/"' },
    logLevel: 'error',
  });
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
  try {
    const tab = await browser.newPage();
    tab.on('pageerror', (error) => console.error(error));
    await tab.route('**/*', async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/')
        return route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>bench</title>' });
      const body = await readFile(new URL(basename(pathname), ORT_FOLDER));
      await route.fulfill({ contentType: pathname.endsWith('.wasm') ? 'application/wasm' : 'text/javascript', body });
    });
    await tab.goto('https://bench.invalid/');
    await tab.addScriptTag({ content: outputFiles[0].text });
    const engine = await tab.evaluate(() => (globalThis as unknown as { page: Page }).page.engine());
    const peak = await tab.evaluate(() => (globalThis as unknown as { page: Page }).page.peakGflops());
    const layers: ChromiumRace['layers'] = new Map();
    for (const name of names) {
      onLayer(name);
      layers.set(
        name,
        await tab.evaluate(
          ([layer, count, budget]) =>
            (globalThis as unknown as { page: Page }).page.race(layer as string, count as number, budget as number),
          [name, rounds, budgetMs] as const,
        ),
      );
    }
    return { browser: `Chromium ${browser.version()}`, engine, peak, layers };
  } finally {
    await browser.close();
  }
}
