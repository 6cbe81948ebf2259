// SPDX-License-Identifier: Apache-2.0
/**
 * Part of `npm run bench:overhead`, or alone by `node scripts/start.mjs bench/webgl_overhead.ts`: how long
 * JavaScript is busy with one repeated call on webgl, in headless Chromium: each variant, both gradients, and
 * stock's forward pass. Nothing is read back within the timed part.
 */
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { inChromium } from './peers/chromium_page';
import type { LayerRequest, OverheadPage } from './peers/webgl_overhead_page';
import { BORDERS } from './tables';

const LAYERS: Record<string, LayerRequest> = {
  '1×4×4×4 → 4': { x: [1, 4, 4, 4], outChannels: 4, kernel: 3, stride: 2 },
  '1×16×16×32 → 16': { x: [1, 16, 16, 32], outChannels: 16, kernel: 3, stride: 2 },
};

/** Milliseconds of JavaScript per repeated call, as a table; or why there is no browser. */
export async function webglOverhead(rounds: number): Promise<string> {
  const result = await inChromium('./webgl_overhead_page.ts', async (tab, browser) => {
    const found: Record<string, Record<string, number>> = {};
    for (const [name, layer] of Object.entries(LAYERS)) {
      found[name] = await tab.evaluate(
        ([request, count]) => (globalThis as unknown as { page: OverheadPage }).page.time(request, count),
        [layer, rounds] as const,
      );
    }
    return { browser, found };
  });
  if ('skipped' in result) return result.skipped;
  const contenders = Object.keys(Object.values(result.found)[0]);
  const table = new Table({
    ...BORDERS,
    head: ['3×3, stride 2: ms of JavaScript', ...contenders],
    colAligns: ['left', ...contenders.map(() => 'right' as const)],
  });
  for (const [name, ms] of Object.entries(result.found)) {
    table.push([name, ...contenders.map((contender) => ms[contender].toFixed(3))]);
  }
  return `${result.browser}, median of ${rounds} samples\n${table.toString()}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await webglOverhead(60));
