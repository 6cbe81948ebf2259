// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench`: ours on `cpu` against everyone else who computes transposed convolution in JavaScript, on one
 * thread: stock tfjs `cpu` and `wasm`, and onnxruntime-web, in Node and in Chromium; both gradients; a training step.
 */
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { availableEngines } from '../kernels/cpu';
import { conv2dTranspose } from '../src';
import { geometricMean } from './averages';
import { benchCommand, wholePositive } from './command_line';
import { MACHINE, setUpTfjs, writeJson } from './in_node';
import { interleave } from './interleave';
import { significant, timesText } from './numbers';
import { disposeOperands, makeOperands, makeValues } from './operands';
import { ourContenders, stockContender } from './passes';
import { raceInChromium } from './peers/in_chromium';
import { peakGflops } from './peers/peak';
import { type Peer, nativeOnnxruntime, onnxruntime, ours, stock } from './peers/peers';
import { type Raced, race } from './peers/race';
import { STEPS, type StepTime, timeSteps } from './steps';
import { BORDERS } from './tables';
import { trainingStep } from './training';
import { workloadNamed, workloadsNamed } from './workloads';

const description = 'Ours on cpu against stock tfjs and onnxruntime-web, one thread: forward, gradients, training.';
const options = benchCommand('npm run bench --', description, 'bench/out/bench.json')
  .option('-r, --rounds <n>', 'samples of each peer', wholePositive, 7)
  .parse()
  .opts<{ json: string; workloads: string[]; rounds: number }>();
const { json, rounds } = options;
const workloads = workloadsNamed(options.workloads);
const progress = (text: string): void => void process.stderr.write(`${text}\n`);

/** Milliseconds that a layer may take. */
const BUDGET_MS = 4000;

setUpTfjs();

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
    const gflops = workloadNamed(layer).flops / raced.ours.ms / 1e6;
    const differences = Object.values(raced).map(({ difference }) => difference);
    table.push([
      layer,
      significant(raced.ours.ms),
      significant(gflops),
      `${Math.round((100 * gflops) / peak)} %`,
      ...others.map((name) => timesText(raced[name].ms / raced.ours.ms)),
      Math.max(...differences).toExponential(1),
    ]);
  }
  const least = (list: number[]): number => Math.min(...list);
  const summary = (title: string, of: (list: number[]) => number): string[] => [
    ...[title, '', '', ''],
    ...others.map((name) => timesText(of(ratios(name)))),
    '',
  ];
  table.push(summary('geometric mean', geometricMean), summary('least', least));
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
    layers.set(workload.name, await race(workload, peers, rounds, BUDGET_MS));
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
    const operands = makeOperands(workload, makeValues(workload));
    const [our] = ourContenders(pass, workload, operands, []);
    const stocks = stockContender(pass, workload, operands);
    for (let warm = 0; warm < 5; warm++) our.run().dispose();
    const timings = await interleave([our, stocks], { repeat: rounds, budget: BUDGET_MS }, () => undefined);
    disposeOperands(operands);
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
    `${note.startsWith('extrapolated') ? '~' : ''}${timesText(stockMs / ms)}`,
  ];
  for (const { name, flops } of workloads) {
    table.push([name, ...columns(dx.get(name)!, flops), ...columns(dFilter.get(name)!, flops)]);
  }
  const mean = (times: Map<string, GradientTimes>): string =>
    timesText(geometricMean([...times.values()].map((t) => t.stock / t.ours)));
  table.push(['geometric mean', '', '', mean(dx), '', '', mean(dFilter)]);
  const footnote = '~ stock extrapolated from a single input channel, measured warm: in full it takes minutes';
  return `Gradients in Node, cpu\n${table.toString()}\n${footnote}`;
}

async function training(): Promise<Record<'ours' | 'stock', StepTime>> {
  await tf.setBackend('cpu');
  const trainings = { ours: trainingStep(conv2dTranspose), stock: trainingStep(tf.conv2dTranspose) };
  return timeSteps(trainings, (who, step) => progress(`training step ${step}, ${who}`));
}

const engine = availableEngines()[0];
const inNode = await forwardInNode();
const nodePeak = peakGflops(engine === 'relaxed');
console.log(raceTable(`Forward in Node ${process.version}, engine '${engine}'`, nodePeak, inNode));
const inChromium = await raceInChromium(
  workloads.map(({ name }) => name),
  rounds,
  BUDGET_MS,
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
const losses = [trained.ours, trained.stock].map(({ loss }) => loss.toFixed(6)).join(' and ');
console.log(
  `Training step of a decoder (3 layers, batch 32, 28×28, Adam): ours ${significant(trained.ours.ms)} ms, ` +
    `stock ${significant(trained.stock.ms)} ms, ${timesText(trained.stock.ms / trained.ours.ms)} ` +
    `(losses after ${STEPS} steps: ${losses})`,
);
const machine = `${MACHINE}; tfjs ${tf.version.tfjs}`;
console.log(machine);
writeJson(json, {
  date: new Date().toISOString(),
  machine,
  node: { version: process.version, engine, peak: nodePeak, layers: Object.fromEntries(inNode) },
  chromium: 'skipped' in inChromium ? inChromium : { ...inChromium, layers: Object.fromEntries(inChromium.layers) },
  inputGradient: Object.fromEntries(dx),
  filterGradient: Object.fromEntries(dFilter),
  training: trained,
});
