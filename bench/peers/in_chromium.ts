// SPDX-License-Identifier: Apache-2.0
/** Races ours against onnxruntime-web in headless Chromium, by the page of ./page.ts. */
import { callsOf, inChromium } from './chromium_page';
import type { RacePage } from './page';
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
    const page = callsOf<RacePage>(tab);
    const engine = await page.engine();
    const peak = await page.peakGflops();
    const layers: ChromiumRace['layers'] = new Map();
    for (const name of names) {
      onLayer(name);
      layers.set(name, await page.race(name, rounds, budgetMs));
    }
    return { browser, engine, peak, layers };
  });
}
