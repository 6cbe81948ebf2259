// SPDX-License-Identifier: Apache-2.0
/** Collects the fragment shaders that layers take, from headless Chromium (./page). */
import { callsOf, inChromium } from '../peers/chromium_page';
import type { Collected, ShadersPage } from './page';

/** The programs of ours that other GPUs take are asked for by one of their names. */
const FEW_REGISTERS = 'Mali-G57';

export interface Programs {
  /** Ours where a thread has 128 registers. */
  readonly ours: Collected[];
  /** Others of ours, where it has 64. */
  readonly oursOfFewRegisters: Collected[];
  /** Stock tfjs's for the same work. */
  readonly stock: Collected[];
}

/** All programs of some layers, stock tfjs's too if asked for; or why there are none. */
export function collectShaders(
  layers: readonly string[],
  withStock: boolean,
): Promise<Programs | { readonly skipped: string }> {
  return inChromium(new URL('page.ts', import.meta.url).href, async (tab, _, renew) => {
    const page = callsOf<ShadersPage>(tab);
    const collect = async (stock: boolean, renderer?: string): Promise<Collected[]> => {
      await page.ready(renderer);
      for (const layer of layers) {
        process.stderr.write(`${layer}\n`);
        await page.collect(layer, stock);
      }
      return page.collected();
    };
    const all = await collect(withStock);
    await renew();
    const others = await collect(false, FEW_REGISTERS);
    const known = new Set(all.map(({ source }) => source));
    return {
      ours: all.filter(({ owner }) => owner === 'ours'),
      oursOfFewRegisters: others.filter(({ owner, source }) => owner === 'ours' && !known.has(source)),
      stock: all.filter(({ owner }) => owner === 'stock'),
    };
  });
}
