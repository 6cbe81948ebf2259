// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench:webgl`: our webgl kernels against stock tfjs (the better of its packed and unpacked programs, per
 * layer) in one headless Chromium: forward by variant, both gradients, and plain conv2d; and the forward pass against
 * stock `webgpu`. Measured as users have it: weights given as values, images as the op before leaves them, calls in
 * turn one by one, whole results read. Layers that take stock more than a while are left out, and said so.
 */
import Table from 'cli-table3';
import { VARIANTS, type Variant } from '../src';
import { geometricMean } from './averages';
import { benchCommand, positive, wholePositive } from './command_line';
import { writeJson } from './in_node';
import { significant, timesText } from './numbers';
import { PASSES, type Pass } from './passes';
import { callsOf, inChromium } from './peers/chromium_page';
import type { WebglPage, WebglTime } from './peers/webgl_page';
import { BORDERS } from './tables';
import { CONVOLUTIONS, DEFAULT_NAMES, type Workload, workloadsNamed } from './workloads';

const description = 'Our webgl kernels against stock tfjs in headless Chromium.';
const options = benchCommand('npm run bench:webgl --', description, 'bench/out/bench_webgl.json')
  .option('-r, --rounds <n>', 'samples of each', wholePositive, 5)
  .option('--most-gflop <n>', 'leave out layers with more useful operations than this, in 1e9', positive, 0.7)
  .parse()
  .opts<{ json: string; workloads: string[]; rounds: number; mostGflop: number }>();
const { json, rounds, mostGflop } = options;
const wanted = workloadsNamed(options.workloads);
const chosen = wanted.filter(({ flops }) => flops <= mostGflop * 1e9);
const left = wanted.filter((workload) => !chosen.includes(workload)).map(({ name }) => name);
/** With the layers that are measured by default; not with some that are named. */
const convolutions = wanted.length === DEFAULT_NAMES.length ? CONVOLUTIONS : [];

type Times = Record<string, WebglTime>;

/** What was measured of a layer. */
interface Measured {
  readonly workload: Workload;
  readonly passes: Readonly<Record<Pass, Times>>;
  readonly webgpu: Awaited<ReturnType<WebglPage['againstWebgpu']>>;
}

const stockOf = (times: Times): number => Math.min(times['stock packed'].ms, times['stock unpacked'].ms);
const hotStockOf = (times: Times): number => Math.min(times['stock packed'].hotMs, times['stock unpacked'].hotMs);
const ours = (times: Times): Times =>
  Object.fromEntries(Object.entries(times).filter(([by]) => !by.startsWith('stock')));
const bestOf = (times: Times): Variant =>
  VARIANTS.filter((variant) => times[variant]).reduce((a, b) => (times[b].ms < times[a].ms ? b : a));

/** How many times as fast as stock a pass by a contender is. */
const ratioTo = (times: Times, contender: string): number => stockOf(times) / times[contender].ms;

/** A number is how many times as fast; the last lines of the table sum it up. */
type Column = readonly [head: string, cell: (layer: Measured) => string | number];

const COLUMNS: readonly Column[] = [
  ['best', ({ passes }) => bestOf(passes.forward)],
  ['ms', ({ passes: { forward } }) => significant(forward[bestOf(forward)].ms)],
  ['GFLOP/s', ({ workload, passes: { forward } }) => significant(workload.flops / forward[bestOf(forward)].ms / 1e6)],
  ['× stock', ({ passes: { forward } }) => ratioTo(forward, bestOf(forward))],
  [
    '× stock, hot',
    ({ passes: { forward } }) => hotStockOf(forward) / Math.min(...Object.values(ours(forward)).map((t) => t.hotMs)),
  ],
  ['auto × stock', ({ passes }) => ratioTo(passes.forward, 'auto')],
  ['× stock webgpu', ({ webgpu }) => (webgpu ? webgpu.webgpu / webgpu.ours : NaN)],
  ['first call ms', ({ passes }) => significant(passes.forward.auto.firstMs)],
  ['input gradient ms', ({ passes }) => significant(passes['input gradient'].ours.ms)],
  ['× stock', ({ passes }) => ratioTo(passes['input gradient'], 'ours')],
  ['filter gradient ms', ({ passes }) => significant(passes['filter gradient'].ours.ms)],
  ['× stock', ({ passes }) => ratioTo(passes['filter gradient'], 'ours')],
  ['err/bound', ({ passes }) => worstError(passes).toPrecision(2)],
];

function worstError(passes: Measured['passes']): number {
  return Math.max(...Object.values(passes).flatMap((times) => Object.values(ours(times)).map(({ error }) => error)));
}

function report(layers: readonly Measured[]): string {
  const table = new Table({
    ...BORDERS,
    head: ['layer', ...COLUMNS.map(([head]) => head)],
    colAligns: ['left', 'left', ...COLUMNS.slice(1).map(() => 'right' as const)],
  });
  const cells = layers.map((layer) => COLUMNS.map(([, cell]) => cell(layer)));
  const shown = (cell: string | number): string => (typeof cell === 'number' ? timesText(cell) : cell);
  layers.forEach(({ workload }, n) => table.push([workload.name, ...cells[n].map(shown)]));
  const summary = (of: (list: number[]) => number): string[] =>
    COLUMNS.map((_, n) => {
      const ratios = cells.map((row) => row[n]).filter((cell) => typeof cell === 'number');
      return ratios.length > 0 ? timesText(of(ratios)) : '';
    });
  table.push(['geometric mean', ...summary(geometricMean)]);
  table.push(['least', ...summary((list) => Math.min(...list))]);
  return table.toString();
}

/** tf.conv2d by ours and by stock as tfjs sets it up, and whom `install` lets run. */
interface Convolved {
  readonly workload: Workload;
  readonly times: Times;
  readonly runs: string;
}

function reportConvolutions(layers: readonly Convolved[]): string {
  const table = new Table({
    ...BORDERS,
    head: ['conv2d', 'ours ms', 'stock ms', '× stock', 'install() runs', '× stock'],
    colAligns: ['left', 'right', 'right', 'right', 'left', 'right'],
  });
  const rows = layers.map(({ workload, times, runs }) => {
    const [own, stock] = [times.ours.ms, times['stock packed'].ms];
    return { name: workload.name, own, stock, runs, taken: runs === 'stock' ? 1 : stock / own };
  });
  for (const { name, own, stock, runs, taken } of rows)
    table.push([name, significant(own), significant(stock), timesText(stock / own), runs, timesText(taken)]);
  const sum = (what: string, of: (list: number[]) => number): void => {
    const [all, taken] = [of(rows.map(({ own, stock }) => stock / own)), of(rows.map((row) => row.taken))];
    table.push([what, '', '', timesText(all), '', timesText(taken)]);
  };
  sum('geometric mean', geometricMean);
  sum('least', (list) => Math.min(...list));
  return table.toString();
}

const result = await inChromium('./webgl_page.ts', async (tab, browser) => {
  const page = callsOf<WebglPage>(tab);
  const renderer = await page.ready();
  console.log(`${browser}, ${renderer}`);
  const layers: Measured[] = [];
  for (const workload of chosen) {
    const { name } = workload;
    const passes = {} as Record<Pass, Times>;
    for (const pass of PASSES) {
      process.stderr.write(`${name}: ${pass}\n`);
      passes[pass] = await page.race(name, pass, rounds);
    }
    process.stderr.write(`${name}: against webgpu\n`);
    const webgpu = await page.againstWebgpu(name, bestOf(passes.forward), rounds);
    layers.push({ workload, passes, webgpu });
  }
  const convolved: Convolved[] = [];
  for (const workload of convolutions) {
    process.stderr.write(`${workload.name}: conv2d\n`);
    const times = await page.race(workload.name, 'input gradient', rounds);
    convolved.push({ workload, times, runs: await page.conv2dRuns(workload.name) });
  }
  return { browser, renderer, layers, convolved, programs: await page.programs() };
});
if ('skipped' in result) {
  console.error(result.skipped);
  process.exit(1);
}
const { layers, convolved, ...about } = result;
console.log(report(layers));
if (convolved.length > 0) console.log(reportConvolutions(convolved));
console.log(
  `Programs of ours compiled over all layers, variants and gradients (besides conversions): ${about.programs}`,
);
if (left.length > 0) console.log(`Left out, more than ${mostGflop} GFLOP: ${left.join(', ')}`);
writeJson(json, {
  ...about,
  all: Object.fromEntries([
    ...layers.map(({ workload, passes }) => [workload.name, passes]),
    ...convolved.map(({ workload, times }) => [workload.name, { 'input gradient': times }]),
  ]),
  webgpu: Object.fromEntries(layers.map(({ workload, webgpu }) => [workload.name, webgpu])),
});
