// SPDX-License-Identifier: Apache-2.0
/** Races ours against onnxruntime-web in headless Chromium, by the page of ./page.ts. */
import type { Limits } from '../interleave';
import type { Outcome } from '../race';
import { callsOf, inChromium } from './chromium_page';
import { IS_QUIET } from './is_quiet';
import type { RacePage } from './page';

export interface ChromiumRace {
  browser: string;
  engine: string;
  peak: number;
  layers: Map<string, Outcome<string>>;
}

/**
 * Races the named layers in Chromium, or says why it can't.
 *
 * @param threads If there are several, ours takes part with one as well.
 */
export function raceInChromium(
  names: readonly string[],
  { quiet, ...limits }: Limits,
  onLayer: (name: string) => void,
  threads = 1,
): Promise<ChromiumRace | { skipped: string }> {
  return inChromium('./page.ts', async (tab, browser): Promise<ChromiumRace> => {
    const page = callsOf<RacePage>(tab);
    const engine = await page.engine();
    if (threads > 1) await page.setThreads(threads);
    if (quiet) await tab.exposeFunction(IS_QUIET, quiet.isQuiet);
    let peak = 0;
    const layers: ChromiumRace['layers'] = new Map();
    for (const name of names) {
      onLayer(name);
      peak = Math.max(peak, await page.peakGflops());
      layers.set(name, await page.race(name, limits, quiet?.patience));
    }
    return { browser, engine, peak, layers };
  });
}
