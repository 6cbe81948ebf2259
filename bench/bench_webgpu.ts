// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench:webgpu`: our webgpu kernels against stock webgpu (the better of its two programs, per layer), against
 * onnxruntime-web's WebGPU provider, and against our own webgl, in one headless Chromium: forward and both gradients.
 * Measured as users have it: weights given as values, images as the op before leaves them, calls in turn one by one,
 * whole results read. Then what that comes to beside what is wanted. Whole models: `npm run bench:models -- -b webgpu`.
 * With `--subgroups`, what these bring: ours on a device made with them, beside ours that makes no use of them there.
 */
import type { Variant } from '../src';
import { geometricMean } from './averages';
import { benchCommand, listOf, positive, wholePositive } from './command_line';
import { writeJson } from './in_node';
import { significant, timesText } from './numbers';
import { PASSES, type Pass } from './passes';
import { callsOf, inChromium } from './peers/chromium_page';
import type { Raced, WebgpuPage } from './peers/webgpu_page';
import { timedOf } from './race';
import { type Column, ratioTable } from './ratio_table';
import { WORKLOADS, type Workload, workloadsNamed } from './workloads';

const description = 'Our webgpu kernels against stock, onnxruntime-web and our webgl, in headless Chromium.';
const options = benchCommand('npm run bench:webgpu --', description, 'bench/out/bench_webgpu.json', WORKLOADS)
  .option('-r, --rounds <n>', 'samples of each', wholePositive, 5)
  .option('-p, --passes <names>', `comma-separated, of ${PASSES.join(', ')}`, listOf(PASSES), [...PASSES])
  .option('--most-gflop <n>', 'leave out layers with more useful operations than this, in 1e9', positive, 0.7)
  .option('--subgroups', 'what a device made with subgroups brings, and nothing else', false)
  .parse()
  .opts<{ json: string; workloads: string[]; rounds: number; passes: Pass[]; mostGflop: number; subgroups: boolean }>();
/** Milliseconds that a pass of a layer may take. */
const BUDGET_MS = 8000;
const wanted = workloadsNamed(options.workloads);
const chosen = wanted.filter(({ flops }) => flops <= options.mostGflop * 1e9);
const left = wanted.filter((workload) => !chosen.includes(workload)).map(({ name }) => name);

/** What was measured of a layer. */
interface Measured {
  readonly workload: Workload;
  readonly passes: Readonly<Partial<Record<Pass, Raced>>>;
}

const OURS = 'ours webgpu';
/** Whom ours is compared with; of several players the fastest counts. */
const RIVALS = {
  stock: ['stock webgpu', 'stock, not naive, webgpu'],
  onnxruntime: ['onnxruntime-web webgpu'],
  webgl: ['ours webgl'],
  alone: ['alone webgpu'],
} as const;
type Rival = keyof typeof RIVALS;

const msOf = ({ passes }: Measured, pass: Pass, by: string): number => {
  const raced = passes[pass];
  return (raced && timedOf(raced.outcome, by)?.ms) ?? NaN;
};

/** How many times as fast as a rival; NaN if one of both was not measured. */
function ratio(layer: Measured, pass: Pass, rival: Rival): number {
  const times = RIVALS[rival].map((by) => msOf(layer, pass, by)).filter(Number.isFinite);
  return times.length > 0 ? Math.min(...times) / msOf(layer, pass, OURS) : NaN;
}

const tookOf = ({ passes }: Measured): Variant | '–' => passes.forward?.took ?? '–';

function worstError({ passes }: Measured): number {
  return Math.max(...Object.values(passes).map(({ errors }) => errors[OURS]));
}

const COLUMNS: readonly Column<Measured>[] = [
  ["'auto' takes", tookOf],
  ['ms', (layer) => significant(msOf(layer, 'forward', OURS))],
  ['GFLOP/s', (layer) => significant(layer.workload.flops / msOf(layer, 'forward', OURS) / 1e6)],
  ['× stock', (layer) => ratio(layer, 'forward', 'stock')],
  ['× onnxruntime', (layer) => ratio(layer, 'forward', 'onnxruntime')],
  ['× our webgl', (layer) => ratio(layer, 'forward', 'webgl')],
  ['input gradient ms', (layer) => significant(msOf(layer, 'input gradient', OURS))],
  ['× stock', (layer) => ratio(layer, 'input gradient', 'stock')],
  ['× our webgl', (layer) => ratio(layer, 'input gradient', 'webgl')],
  ['filter gradient ms', (layer) => significant(msOf(layer, 'filter gradient', OURS))],
  ['× stock', (layer) => ratio(layer, 'filter gradient', 'stock')],
  ['× our webgl', (layer) => ratio(layer, 'filter gradient', 'webgl')],
  ['err/bound', (layer) => worstError(layer).toPrecision(2)],
];

/** With `--subgroups`. */
const BROUGHT: readonly Column<Measured>[] = [
  ...PASSES.flatMap((pass): Column<Measured>[] => [
    [`${pass} ms`, (layer) => significant(msOf(layer, pass, OURS))],
    ['× without', (layer) => ratio(layer, pass, 'alone')],
  ]),
  ['err/bound', (layer) => worstError(layer).toPrecision(2)],
];

/** What is wanted of a pass beside a rival, over all layers. */
interface Goal {
  readonly pass: Pass;
  readonly rival: Rival;
  readonly mean: number;
  readonly least?: number;
}

const GOALS: readonly Goal[] = [
  { pass: 'forward', rival: 'stock', mean: 5, least: 2 },
  { pass: 'forward', rival: 'onnxruntime', mean: 3 },
  { pass: 'forward', rival: 'webgl', mean: 1 },
  { pass: 'input gradient', rival: 'stock', mean: 2, least: 1 },
  { pass: 'input gradient', rival: 'webgl', mean: 1 },
  { pass: 'filter gradient', rival: 'stock', mean: 8, least: 2 },
  { pass: 'filter gradient', rival: 'webgl', mean: 1 },
];

/** A line per goal: what was measured, and whether that is enough. */
function goalLines(layers: readonly Measured[]): string[] {
  return GOALS.flatMap(({ pass, rival, mean, least }) => {
    const ratios = layers.map((layer) => ratio(layer, pass, rival)).filter(Number.isFinite);
    if (ratios.length === 0) return [];
    const [ofAll, lowest] = [geometricMean(ratios), Math.min(...ratios)];
    const isReached = ofAll >= mean && (least === undefined || lowest >= least);
    const asked = `wanted ${mean}${least === undefined ? '' : ` / ${least}`}: ${isReached ? 'reached' : 'NOT reached'}`;
    return `${pass} × ${rival}: ${timesText(ofAll)} / ${timesText(lowest)}, ${asked}`;
  });
}

const result = await inChromium('./webgpu_page.ts', async (tab, browser) => {
  const page = callsOf<WebgpuPage>(tab);
  const adapter = await page.ready(options.subgroups);
  if (adapter === undefined)
    return { skipped: `${browser} has no webgpu${options.subgroups ? ' with subgroups' : ''}` };
  console.log(`${browser}, ${adapter}`);
  const layers: Measured[] = [];
  for (const workload of chosen) {
    const passes: Partial<Record<Pass, Raced>> = {};
    for (const pass of options.passes) {
      process.stderr.write(`${workload.name}: ${pass}\n`);
      const limits = { repeat: options.rounds, budget: BUDGET_MS };
      passes[pass] = await page.race(workload.name, pass, limits, options.subgroups);
    }
    layers.push({ workload, passes });
  }
  return { browser, adapter, layers };
});
if ('skipped' in result) {
  console.error(result.skipped);
  process.exit(1);
}
const { layers, ...about } = result;
const columns = options.subgroups ? BROUGHT : COLUMNS;
console.log(ratioTable('layer', new Map(layers.map((layer) => [layer.workload.name, layer])), columns));
if (!options.subgroups) console.log(`Geometric mean / least\n${goalLines(layers).join('\n')}`);
if (left.length > 0) console.log(`Left out, more than ${options.mostGflop} GFLOP: ${left.join(', ')}`);
for (const { workload, passes } of layers) {
  for (const [pass, { outcome }] of Object.entries(passes)) {
    for (const [by, one] of Object.entries(outcome)) {
      if (one && 'unable' in one) console.log(`Skipped: ${workload.name} ${pass}, ${by}: ${one.unable}`);
    }
  }
}
writeJson(options.json, {
  date: new Date().toISOString(),
  ...about,
  layers: Object.fromEntries(layers.map(({ workload, passes }) => [workload.name, passes])),
});
