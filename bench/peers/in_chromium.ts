// SPDX-License-Identifier: Apache-2.0
/** Races ours against onnxruntime-web in headless Chromium, by the page of ./page.ts. */
import { inChromium } from './chromium_page';
import type { Page } from './page';
import type { Raced } from './race';

export interface ChromiumRace {
  browser: string;
  engine: string;
  peak: number;
  layers: Map<string, Record<string, Raced>>;
}

/** Races the named layers in Chromium, or says why it can't. */
export function raceInChromium(
  names: readonly string[],
  rounds: number,
  budgetMs: number,
  onLayer: (name: string) => void,
): Promise<ChromiumRace | { skipped: string }> {
  return inChromium('./page.ts', async (tab, browser): Promise<ChromiumRace> => {
    const engine = await tab.evaluate(() => (globalThis as unknown as { page: Page }).page.engine());
    const peak = await tab.evaluate(() => (globalThis as unknown as { page: Page }).page.peakGflops());
    const layers: ChromiumRace['layers'] = new Map();
    for (const name of names) {
      onLayer(name);
      const raced = tab.evaluate(
        ([layer, count, budget]) =>
          (globalThis as unknown as { page: Page }).page.race(layer as string, count as number, budget as number),
        [name, rounds, budgetMs] as const,
      );
      layers.set(name, await raced);
    }
    return { browser, engine, peak, layers };
  });
}
