// SPDX-License-Identifier: Apache-2.0
/**
 * `node scripts/start.mjs bench/webgl_overhead.ts`: how long JavaScript is busy with one repeated call on webgl, in
 * headless Chromium: each variant, both gradients, and stock's forward pass. Nothing is read back within the timed
 * part.
 */
import Table from 'cli-table3';
import { Command } from 'commander';
import { wholePositive } from './command_line';
import { inChromium } from './peers/chromium_page';
import type { LayerRequest, OverheadPage } from './peers/webgl_overhead_page';
import { BORDERS } from './tables';

const { rounds } = new Command('node scripts/start.mjs bench/webgl_overhead.ts')
  .description('Milliseconds of JavaScript per repeated call of the webgl kernels.')
  .option('-r, --rounds <n>', 'samples of each', wholePositive, 60)
  .showHelpAfterError()
  .parse()
  .opts<{ rounds: number }>();

const LAYERS: Record<string, LayerRequest> = {
  '1×4×4×4 → 4': { x: [1, 4, 4, 4], outChannels: 4, kernel: 3, stride: 2 },
  '1×16×16×32 → 16': { x: [1, 16, 16, 32], outChannels: 16, kernel: 3, stride: 2 },
};

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
if ('skipped' in result) {
  console.error(result.skipped);
  process.exit(1);
}
const contenders = Object.keys(Object.values(result.found)[0]);
const table = new Table({
  ...BORDERS,
  head: ['3×3, stride 2: ms of JavaScript', ...contenders],
  colAligns: ['left', ...contenders.map(() => 'right' as const)],
});
for (const [name, ms] of Object.entries(result.found)) {
  table.push([name, ...contenders.map((contender) => ms[contender].toFixed(3))]);
}
console.log(`${result.browser}, median of ${rounds} samples`);
console.log(table.toString());
