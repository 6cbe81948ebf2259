// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench:webgl`: our webgl kernels against stock tfjs (the better of its packed and unpacked programs, per
 * layer) in one headless Chromium: forward by variant, both gradients, and plain conv2d; and the forward pass against
 * stock `webgpu`. Measured as users have it: weights given as values, images as the op before leaves them, calls in
 * turn one by one, whole results read. Layers that take stock more than a while are left out, and said so.
 */
import { VARIANTS, type Variant } from '../src';
import { benchCommand, positive, wholePositive } from './command_line';
import { writeJson } from './in_node';
import { significant } from './numbers';
import { PASSES, type Pass } from './passes';
import { callsOf, inChromium } from './peers/chromium_page';
import type { WebglPage, WebglTime } from './peers/webgl_page';
import { type Column, ratioTable } from './ratio_table';
import { CONVOLUTIONS, DEFAULT_NAMES, WORKLOADS, type Workload, workloadsNamed } from './workloads';

const description = 'Our webgl kernels against stock tfjs in headless Chromium.';
const options = benchCommand('npm run bench:webgl --', description, 'bench/out/bench_webgl.json', WORKLOADS)
  .option('-r, --rounds <n>', 'samples of each', wholePositive, 5)
  .option('--most-gflop <n>', 'leave out layers with more useful operations than this, in 1e9', positive, 0.7)
  .parse()
  .opts<{ json: string; workloads: string[]; rounds: number; mostGflop: number }>();
const { json, rounds, mostGflop } = options;
/** Milliseconds that a pass of a layer may take. */
const BUDGET_MS = 8000;
const limits = { repeat: rounds, budget: BUDGET_MS, hot: true };
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

/** Stock's better program; NaN of groups, which stock lacks. */
const stockOf = (times: Times, of: 'ms' | 'hotMs' = 'ms'): number =>
  Math.min(...['stock packed', 'stock unpacked'].map((program) => (program in times ? times[program][of]! : NaN)));
const ours = (times: Times): Times =>
  Object.fromEntries(Object.entries(times).filter(([by]) => !by.startsWith('stock')));
const bestOf = (times: Times): Variant =>
  VARIANTS.filter((variant) => times[variant]).reduce((a, b) => (times[b].ms < times[a].ms ? b : a));

/** How many times as fast as stock a pass by a contender is. */
const ratioTo = (times: Times, contender: string): number => stockOf(times) / times[contender].ms;

const COLUMNS: readonly Column<Measured>[] = [
  ['best', ({ passes }) => bestOf(passes.forward)],
  ['ms', ({ passes: { forward } }) => significant(forward[bestOf(forward)].ms)],
  ['GFLOP/s', ({ workload, passes: { forward } }) => significant(workload.flops / forward[bestOf(forward)].ms / 1e6)],
  ['× stock', ({ passes: { forward } }) => ratioTo(forward, bestOf(forward))],
  [
    '× stock, hot',
    ({ passes: { forward } }) =>
      stockOf(forward, 'hotMs') / Math.min(...Object.values(ours(forward)).map((t) => t.hotMs!)),
  ],
  ['auto × stock', ({ passes }) => ratioTo(passes.forward, 'auto')],
  ['× stock webgpu', ({ webgpu }) => (webgpu ? webgpu.webgpu / webgpu.ours : NaN)],
  ['first call ms', ({ passes }) => significant(passes.forward.auto.firstMs ?? NaN)],
  ['input gradient ms', ({ passes }) => significant(passes['input gradient'].ours.ms)],
  ['× stock', ({ passes }) => ratioTo(passes['input gradient'], 'ours')],
  ['filter gradient ms', ({ passes }) => significant(passes['filter gradient'].ours.ms)],
  ['× stock', ({ passes }) => ratioTo(passes['filter gradient'], 'ours')],
  ['err/bound', ({ passes }) => worstError(passes).toPrecision(2)],
];

function worstError(passes: Measured['passes']): number {
  return Math.max(...Object.values(passes).flatMap((times) => Object.values(ours(times)).map(({ error }) => error)));
}

/** tf.conv2d by ours and by stock as tfjs sets it up, and whom `install` lets run. */
interface Convolved {
  readonly workload: Workload;
  readonly times: Times;
  readonly runs: string;
}

const ratioOfConvolution = ({ times }: Convolved): number => times['stock packed'].ms / times.ours.ms;

const CONVOLUTION_COLUMNS: readonly Column<Convolved>[] = [
  ['ours ms', ({ times }) => significant(times.ours.ms)],
  ['stock ms', ({ times }) => significant(times['stock packed'].ms)],
  ['× stock', ratioOfConvolution],
  ['install() runs', ({ runs }) => runs],
  ['× stock', (layer) => (layer.runs === 'stock' ? 1 : ratioOfConvolution(layer))],
];

/** By the names of their workloads. */
function named<T extends { readonly workload: Workload }>(layers: readonly T[]): Map<string, T> {
  return new Map(layers.map((layer) => [layer.workload.name, layer]));
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
      passes[pass] = await page.race(name, pass, limits);
    }
    process.stderr.write(`${name}: against webgpu\n`);
    const webgpu = workload.geometry.groups === 1 ? await page.againstWebgpu(name, limits) : undefined;
    layers.push({ workload, passes, webgpu });
  }
  const convolved: Convolved[] = [];
  for (const workload of convolutions) {
    process.stderr.write(`${workload.name}: conv2d\n`);
    const times = await page.race(workload.name, 'input gradient', limits);
    convolved.push({ workload, times, runs: await page.conv2dRuns(workload.name) });
  }
  return { browser, renderer, layers, convolved, programs: await page.programs() };
});
if ('skipped' in result) {
  console.error(result.skipped);
  process.exit(1);
}
const { layers, convolved, ...about } = result;
console.log(ratioTable('layer', named(layers), COLUMNS));
if (convolved.length > 0) console.log(ratioTable('conv2d', named(convolved), CONVOLUTION_COLUMNS));
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
