// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench`: ours on `cpu` against everyone else who computes transposed convolution in JavaScript, on one thread:
 * stock tfjs `cpu` and `wasm`, and onnxruntime-web, in Node and in Chromium; both gradients; a training step.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import Table from 'cli-table3';
import { availableEngines } from '../kernels/cpu';
import { conv2dTranspose } from '../src';
import { benchCommand, wholePositive } from './command_line';
import { geometricMean, interleave, median } from './interleave';
import { makeOperands, ourContenders, stockContender } from './passes';
import { raceInChromium } from './peers/in_chromium';
import { makeLayer } from './peers/make_layer';
import { peakGflops } from './peers/peak';
import { type Peer, nativeOnnxruntime, onnxruntime, ours, stock } from './peers/peers';
import { type Raced, race } from './peers/race';
import { significant } from './numbers';
import { BORDERS } from './tables';
import { trainingStep } from './training';
import { WORKLOADS } from './workloads';

const description = 'Ours on cpu against stock tfjs and onnxruntime-web, one thread: forward, gradients, training.';
const {
  json,
  workloads: names,
  rounds,
} = benchCommand('npm run bench --', description, 'bench/out/bench.json')
  .option('-r, --rounds <n>', 'samples of each peer', wholePositive, 7)
  .parse()
  .opts<{ json: string; workloads: string[]; rounds: number }>();
const workloads = WORKLOADS.filter(({ name }) => names.includes(name));
const progress = (text: string): void => void process.stderr.write(`${text}\n`);

tf.enableProdMode();
setWasmPaths(fileURLToPath(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url)));
setThreadsCount(1);

/** A table of one race: ours in ms and GFLOP/s, then how many times as fast as each other. */
function raceTable(title: string, peak: number, layers: Map<string, Record<string, Raced>>): string {
  const others = Object.keys([...layers.values()][0]).filter((name) => name !== 'ours');
  const table = new Table({
    ...BORDERS,
    head: ['layer', 'ours ms', 'GFLOP/s', 'of peak', ...others.map((name) => `× ${name}`), 'largest difference'],
    colAligns: ['left', ...others.map(() => 'right' as const), 'right', 'right', 'right', 'right'],
  });
  const ratios = (name: string): number[] => [...layers.values()].map((raced) => raced[name].ms / raced.ours.ms);
  for (const [layer, raced] of layers) {
    const gflops = WORKLOADS.find(({ name }) => name === layer)!.flops / raced.ours.ms / 1e6;
    const differences = Object.values(raced).map(({ difference }) => difference);
    table.push([
      layer,
      significant(raced.ours.ms),
      significant(gflops),
      `${Math.round((100 * gflops) / peak)} %`,
      ...others.map((name) => `${significant(raced[name].ms / raced.ours.ms)}×`),
      Math.max(...differences).toExponential(1),
    ]);
  }
  table.push([
    'geometric mean',
    '',
    '',
    '',
    ...others.map((name) => `${significant(geometricMean(ratios(name)))}×`),
    '',
  ]);
  table.push(['least', '', '', '', ...others.map((name) => `${significant(Math.min(...ratios(name)))}×`), '']);
  return `${title}; peak ${significant(peak)} GFLOP/s\n${table.toString()}`;
}

async function forwardInNode(): Promise<Map<string, Record<string, Raced>>> {
  const layers = new Map<string, Record<string, Raced>>();
  const native = await nativeOnnxruntime();
  for (const workload of workloads) {
    progress(`forward in Node: ${workload.name}`);
    const peers: Record<string, Peer> = {
      ours,
      'stock cpu': stock('cpu'),
      'stock wasm': stock('wasm'),
      'onnxruntime-web': onnxruntime,
      ...(native && { 'onnxruntime-node': native }),
    };
    layers.set(workload.name, await race(makeLayer(workload), peers, rounds, 4000));
  }
  await tf.setBackend('cpu');
  return layers;
}

interface GradientTimes {
  ours: number;
  stock: number;
  note: string;
}

async function gradients(pass: 'input gradient' | 'filter gradient'): Promise<Map<string, GradientTimes>> {
  const times = new Map<string, GradientTimes>();
  for (const workload of workloads) {
    progress(`${pass}: ${workload.name}`);
    const operands = makeOperands(workload);
    const [our] = ourContenders(pass, workload, operands, []);
    const stocks = stockContender(pass, workload, operands);
    for (let warm = 0; warm < 5; warm++) our.run().dispose();
    const timings = await interleave([our, stocks], { repeat: rounds, budget: 4000 }, () => undefined);
    tf.dispose([operands.x, operands.filter, operands.dy]);
    times.set(workload.name, {
      ours: timings.get(our)!.ms,
      stock: timings.get(stocks)!.ms,
      note: timings.get(stocks)!.note,
    });
  }
  return times;
}

function gradientTable(dx: Map<string, GradientTimes>, dFilter: Map<string, GradientTimes>): string {
  const table = new Table({
    ...BORDERS,
    head: ['layer', 'input gradient ms', 'GFLOP/s', '× stock cpu', 'filter gradient ms', 'GFLOP/s', '× stock cpu'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
  });
  const columns = ({ ours: ms, stock: stockMs, note }: GradientTimes, flops: number): string[] => [
    significant(ms),
    significant(flops / ms / 1e6),
    `${note.startsWith('extrapolated') ? '~' : ''}${significant(stockMs / ms)}×`,
  ];
  for (const { name, flops } of workloads) {
    table.push([name, ...columns(dx.get(name)!, flops), ...columns(dFilter.get(name)!, flops)]);
  }
  const mean = (times: Map<string, GradientTimes>): string =>
    `${significant(geometricMean([...times.values()].map((t) => t.stock / t.ours)))}×`;
  table.push(['geometric mean', '', '', mean(dx), '', '', mean(dFilter)]);
  return `Gradients in Node, cpu\n${table.toString()}\n~ stock extrapolated from a single input channel, measured warm: in full it takes minutes`;
}

async function training(): Promise<{ ours: number; stock: number; ourLoss: number; stockLoss: number }> {
  await tf.setBackend('cpu');
  const steps = { ours: trainingStep(conv2dTranspose), stock: trainingStep(tf.conv2dTranspose) };
  const samples = { ours: [] as number[], stock: [] as number[] };
  const losses = { ours: 0, stock: 0 };
  for (let round = 0; round < 4; round++) {
    progress(`training step ${round}`);
    for (const who of ['ours', 'stock'] as const) {
      const begin = performance.now();
      losses[who] = steps[who].run();
      if (round > 0) samples[who].push(performance.now() - begin);
    }
  }
  steps.ours.dispose();
  steps.stock.dispose();
  return { ours: median(samples.ours), stock: median(samples.stock), ourLoss: losses.ours, stockLoss: losses.stock };
}

const engine = availableEngines()[0];
const inNode = await forwardInNode();
const nodePeak = peakGflops(engine === 'relaxed');
console.log(raceTable(`Forward in Node ${process.version}, engine '${engine}'`, nodePeak, inNode));
const inChromium = await raceInChromium(
  workloads.map(({ name }) => name),
  rounds,
  4000,
  (name) => progress(`forward in Chromium: ${name}`),
);
console.log(
  'skipped' in inChromium
    ? `Chromium: skipped. ${inChromium.skipped}`
    : raceTable(`Forward in ${inChromium.browser}, engine '${inChromium.engine}'`, inChromium.peak, inChromium.layers),
);
const dx = await gradients('input gradient');
const dFilter = await gradients('filter gradient');
console.log(gradientTable(dx, dFilter));
const trained = await training();
console.log(
  `Training step of a decoder (3 layers, batch 32, 28×28, Adam): ours ${significant(trained.ours)} ms, ` +
    `stock ${significant(trained.stock)} ms, ${significant(trained.stock / trained.ours)}× ` +
    `(losses after 4 steps: ${trained.ourLoss.toFixed(6)} and ${trained.stockLoss.toFixed(6)})`,
);
const machine = `${cpus()[0].model.trim()}, one thread; tfjs ${tf.version.tfjs}`;
console.log(machine);
mkdirSync(dirname(resolve(json)), { recursive: true });
const entries = <T>(map: Map<string, T>): Record<string, T> => Object.fromEntries(map);
writeFileSync(
  json,
  JSON.stringify(
    {
      date: new Date().toISOString(),
      machine,
      node: { version: process.version, engine, peak: nodePeak, layers: entries(inNode) },
      chromium: 'skipped' in inChromium ? inChromium : { ...inChromium, layers: entries(inChromium.layers) },
      inputGradient: entries(dx),
      filterGradient: entries(dFilter),
      training: trained,
    },
    null,
    2,
  ),
);
console.log(`Wrote ${json}`);
