// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench:webgl`: our webgl kernels against stock tfjs (the better of its packed and unpacked programs, per layer) in one headless
 * Chromium: forward by variant, and both gradients; and the forward pass against stock `webgpu`. Layers that take stock more than a while are left out, and said so.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import Table from 'cli-table3';
import { VARIANTS, type Variant } from '../src';
import { benchCommand, positive, wholePositive } from './command_line';
import { geometricMean } from './interleave';
import { PASSES, type Pass } from './passes';
import { inChromium } from './peers/chromium_page';
import type { WebglPage, WebglTime } from './peers/webgl_page';
import { significant } from './numbers';
import { BORDERS } from './tables';
import { WORKLOADS } from './workloads';

const description = 'Our webgl kernels against stock tfjs in headless Chromium.';
const command = benchCommand('npm run bench:webgl --', description, 'bench/out/bench_webgl.json')
  .option('-r, --rounds <n>', 'samples of each', wholePositive, 5)
  .option('--most-gflop <n>', 'leave out layers with more useful operations than this, in 1e9', positive, 0.7)
  .parse();
const {
  json,
  workloads: names,
  rounds,
  mostGflop,
} = command.opts<{ json: string; workloads: string[]; rounds: number; mostGflop: number }>();
const wanted = WORKLOADS.filter(({ name }) => names.includes(name));
const chosen = wanted.filter(({ flops }) => flops <= mostGflop * 1e9);
const left = wanted.filter((workload) => !chosen.includes(workload)).map(({ name }) => name);

/** Where stock tfjs runs on webgpu without a GPU. */
const WEBGPU_FLAGS = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

type Times = Record<string, WebglTime>;
type AgainstWebgpu = Awaited<ReturnType<WebglPage['againstWebgpu']>>;
const stockOf = (times: Times): number => Math.min(times['stock packed'].ms, times['stock unpacked'].ms);
const bestOf = (times: Times): string =>
  VARIANTS.filter((variant) => times[variant]).reduce((a, b) => (times[b].ms < times[a].ms ? b : a));

/** How many times as fast as stock webgpu; NaN if that could not be run. */
const ratioOf = (raced: AgainstWebgpu): number => (raced ? raced.webgpu / raced.ours : NaN);

function report(all: Map<string, Record<Pass, Times>>, webgpu: Map<string, AgainstWebgpu>): string {
  const table = new Table({
    ...BORDERS,
    head: ['layer', 'best', 'ms', 'GFLOP/s', '× stock', 'auto × stock', '× stock webgpu', 'first call ms', 'input gradient ms', '× stock', 'filter gradient ms', '× stock', 'err/bound'], // prettier-ignore
    colAligns: ['left', 'left', ...Array.from({ length: 11 }, () => 'right' as const)],
  });
  const ratios: number[][] = [[], [], [], [], []];
  for (const [name, { forward, 'input gradient': dx, 'filter gradient': dw }] of all) {
    const best = bestOf(forward);
    const found = [stockOf(forward) / forward[best].ms, stockOf(forward) / forward.auto.ms, stockOf(dx) / dx.ours.ms, stockOf(dw) / dw.ours.ms, ratioOf(webgpu.get(name))]; // prettier-ignore
    found.forEach((ratio, n) => ratios[n].push(ratio));
    const [a, b, c, d, e] = found.map((ratio) => `${significant(ratio)}×`);
    const ours = [...VARIANTS.map((variant) => forward[variant]), dx.ours, dw.ours];
    const gflops = WORKLOADS.find((workload) => workload.name === name)!.flops / forward[best].ms / 1e6;
    table.push([name, best, significant(forward[best].ms), significant(gflops), a, b, e, significant(forward.auto.firstMs), significant(dx.ours.ms), c, significant(dw.ours.ms), d, Math.max(...ours.map((time) => time?.error ?? 0)).toPrecision(2)]); // prettier-ignore
  }
  for (const [title, of] of [
    ['geometric mean', geometricMean],
    ['least', (list: number[]) => Math.min(...list)],
  ] as const) {
    const [a, b, c, d, e] = ratios.map((list) => `${significant(of(list))}×`);
    table.push([title, '', '', '', a, b, e, '', '', c, '', d, '']);
  }
  return table.toString();
}

const result = await inChromium(
  './webgl_page.ts',
  async (tab, browser) => {
    type Global = { page: WebglPage };
    await tab.evaluate(() => (globalThis as unknown as Global).page.ready());
    const renderer = await tab.evaluate(() => (globalThis as unknown as Global).page.renderer());
    console.log(`${browser}, ${renderer}`);
    const all = new Map<string, Record<Pass, Times>>();
    const webgpu = new Map<string, AgainstWebgpu>();
    for (const { name } of chosen) {
      const passes = {} as Record<Pass, Times>;
      for (const pass of PASSES) {
        process.stderr.write(`${name}: ${pass}\n`);
        passes[pass] = await tab.evaluate(
          ([layer, which, variants, count]) =>
            (globalThis as unknown as Global).page.race(layer, which, [...variants], count, true) as unknown as Times,
          [name, pass, VARIANTS, rounds] as const,
        );
      }
      all.set(name, passes);
      process.stderr.write(`${name}: against webgpu\n`);
      const raced = await tab.evaluate(
        ([layer, variant, count]) => (globalThis as unknown as Global).page.againstWebgpu(layer, variant, count),
        [name, bestOf(passes.forward) as Variant, rounds] as const,
      );
      webgpu.set(name, raced);
    }
    const programs = await tab.evaluate(() => (globalThis as unknown as Global).page.programs());
    return { browser, renderer, all, webgpu, programs };
  },
  WEBGPU_FLAGS,
);
if ('skipped' in result) {
  console.error(result.skipped);
  process.exit(1);
}
console.log(report(result.all, result.webgpu));
console.log(
  `Programs of ours compiled over all layers, variants and gradients (besides conversions): ${result.programs}`,
);
if (left.length > 0) console.log(`Left out, more than ${mostGflop} GFLOP: ${left.join(', ')}`);
mkdirSync(dirname(resolve(json)), { recursive: true });
writeFileSync(
  json,
  JSON.stringify(
    { ...result, all: Object.fromEntries(result.all), webgpu: Object.fromEntries(result.webgpu) },
    null,
    2,
  ),
);
console.log(`Wrote ${json}`);
