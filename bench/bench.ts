// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench`: ours on `cpu` and `wasm` against everyone else who computes transposed convolution in JavaScript, on
 * one thread: stock tfjs and onnxruntime-web, in Node, and in Chromium on `cpu`; and both gradients. As users have it:
 * calls of all in turn one by one, whole results read. Hot figures, call after call of one, stand beside.
 *
 * With `--threads 2` it tells instead what threads bring: ours against ours with one, and against onnxruntime-web with
 * as many; and what they can bring at most. Hot figures, of samples before and after which all cores were there, as
 * probes tell; and a pause after onnxruntime-web, whose threads spin on the cores that the next would use.
 */
import * as tf from '@tensorflow/tfjs';
import { availableEngines, setThreads } from '../kernels/cpu';
import '../kernels/wasm';
import { benchCommand, wholePositive } from './command_line';
import { machineWith, setUpWasm, writeJson } from './in_node';
import { type LayerTimes, forwardTable, gradientTable, threadsTable } from './layer_tables';
import { significant } from './numbers';
import { type Limits } from './interleave';
import { makeValues } from './operands';
import { PASSES, type Pass, supportOfStock } from './passes';
import { Cores } from './peers/cores';
import { raceInChromium } from './peers/in_chromium';
import { nativeOnnxruntime, onnxAsleep, setOnnxThreads } from './peers/onnx_player';
import { peakGflops } from './peers/peak';
import { type Peer, onnxruntime, ours, oursAlone, oursExact, stock } from './peers/peers';
import { race } from './race';
import { KINDS, type Kind, WORKLOADS, type Workload, workloadNamed, workloadsNamed } from './workloads';

const description = 'Ours on cpu and wasm against stock tfjs and onnxruntime-web: forward and gradients.';
const all = WORKLOADS.map(({ name }) => name);
const options = benchCommand('npm run bench --', description, 'bench/out/bench.json', WORKLOADS, all)
  .option('-r, --rounds <n>', 'calls of each; of the fast more', wholePositive, 7)
  .option('--no-gradients', 'the forward pass only')
  .option('--no-chromium', 'in Node only')
  .option('--fast-math', 'ours may be less exact (winograd where it pays), beside ours exact; in Node, without stock')
  .option('-t, --threads <n>', 'of ours and of onnxruntime-web; several are compared with one', wholePositive, 1)
  .parse()
  .opts<{
    json: string;
    workloads: string[];
    rounds: number;
    gradients: boolean;
    chromium: boolean;
    fastMath?: boolean;
    threads: number;
  }>();
const workloads = workloadsNamed(options.workloads);
const progress = (text: string): void => void process.stderr.write(`${text}\n`);

/** Milliseconds that a pass of a layer may take. */
const BUDGET_MS = 4000;
/** For how long a pass of a layer waits for all cores. */
const PATIENCE_MS = 12000;
const cores = options.threads > 1 ? new Cores(options.threads) : undefined;
const quiet = cores && {
  async isQuiet(): Promise<boolean> {
    await onnxAsleep();
    return cores.areHere();
  },
  patience: PATIENCE_MS,
};
const limits: Limits = { repeat: options.rounds, budget: BUDGET_MS, hot: true, quiet };
/** Where ours runs in Node. */
const ON = ['cpu', 'wasm'];

/** Who computes a pass in Node: ours, and exact or stock (as far as that can), on each backend; onnxruntimes. */
async function peersOf(pass: Pass, workload: Workload): Promise<Peer[]> {
  const peers = ON.map((backend) => ours(pass, backend));
  if (options.threads > 1) {
    const others = pass === 'forward' ? [onnxruntime('onnxruntime-web')] : [];
    return [...peers, ...ON.map((backend) => oursAlone(pass, backend)), ...others];
  }
  for (const backend of ON) {
    await tf.setBackend(backend);
    if (options.fastMath) peers.push(oursExact(pass, backend));
    else if (supportOfStock(pass, workload).supported) peers.push(stock(pass, backend));
  }
  if (pass !== 'forward') return peers;
  const native = await nativeOnnxruntime();
  return [...peers, onnxruntime('onnxruntime-web'), ...(native ? [onnxruntime('onnxruntime-node', native)] : [])];
}

let peak = 0;

async function inNode(pass: Pass): Promise<LayerTimes> {
  const times: LayerTimes = new Map();
  for (const workload of workloads) {
    progress(`${pass} in Node: ${workload.name}`);
    peak = Math.max(peak, peakGflops(engine === 'relaxed'));
    const [peers, values] = [await peersOf(pass, workload), makeValues(workload)];
    const loads = peers.map((peer) => () => peer(workload, values));
    times.set(workload.name, await race(loads, limits));
  }
  return times;
}

const TITLES: Readonly<Record<Kind, string>> = {
  usual: 'layers of networks',
  grouped: 'depthwise and grouped layers',
  'one-dimensional': 'layers of one dimension',
  small: 'small layers',
};

/** Useful operations of layers that threads are for. */
const LARGE_FLOPS = 5e7;

/** What threads bring, on large layers and on others. */
function printThreads(title: string, times: LayerTimes, backends: readonly string[]): void {
  for (const isLarge of [true, false]) {
    const own = new Map([...times].filter(([layer]) => workloadNamed(layer).flops >= LARGE_FLOPS === isLarge));
    if (own.size > 0) console.log(`${title}, ${isLarge ? 'from' : 'below'} 0.05 GFLOP\n${threadsTable(own, backends)}`);
  }
}

/** A table for each kind of layers. */
function print(title: string, times: LayerTimes, table: (times: LayerTimes) => string): void {
  for (const kind of KINDS) {
    const own = new Map([...times].filter(([layer]) => workloadNamed(layer).kind === kind));
    if (own.size > 0) console.log(`${title}, ${TITLES[kind]}\n${table(own)}`);
  }
}

setUpWasm();
tf.env().set('CONV2D_TRANSPOSE_FAST_MATH', options.fastMath === true);
setOnnxThreads(options.threads);
const threads = await setThreads(options.threads);
const engine = availableEngines()[0].name;
const ceiling = await cores?.ceiling();
if (ceiling) {
  const [multiplying, copying] = [ceiling.multiplying, ceiling.copying].map(significant);
  console.log(
    `At most: ${multiplying} times one thread, of multiply-adds on registers; ${copying} of copies in memory`,
  );
}
const node: Partial<Record<Pass, LayerTimes>> = {};
for (const pass of options.gradients ? PASSES : (['forward'] as const)) {
  const times = await inNode(pass);
  node[pass] = times;
  if (options.threads > 1) printThreads(`The ${pass} pass in Node ${process.version}, ${threads} threads`, times, ON);
  else if (pass === 'forward')
    print(`Forward in Node ${process.version}, engine '${engine}'`, times, (some) => forwardTable(some, ON, peak));
  else print(`The ${pass} in Node`, times, (some) => gradientTable(some, ON));
}
if (options.gradients && options.threads === 1)
  console.log('extrapolated: from a single input channel, measured warm; in full it takes up to minutes');
const inChromium =
  options.chromium && !options.fastMath
    ? await raceInChromium(
        workloads.map(({ name }) => name),
        limits,
        (name) => progress(`forward in Chromium: ${name}`),
        options.threads,
      )
    : { skipped: 'not asked for' };
await cores?.end();
if ('skipped' in inChromium) console.log(`Chromium: skipped. ${inChromium.skipped}`);
else if (options.threads > 1)
  printThreads(`The forward pass in ${inChromium.browser}, an isolated page`, inChromium.layers, ['cpu']);
else {
  const { browser, engine, layers } = inChromium;
  print(`Forward in ${browser}, engine '${engine}'`, layers, (some) => forwardTable(some, ['cpu'], inChromium.peak));
}
if (options.threads === 1)
  console.log('hot: call after call of one. of peak: of what loops on registers reach at most between the layers.');
const machine = `${machineWith(options.threads)}; tfjs ${tf.version.tfjs}`;
console.log(machine);
const asObject = (times: LayerTimes): object => Object.fromEntries(times);
writeJson(options.json, {
  date: new Date().toISOString(),
  machine,
  ceiling,
  node: {
    version: process.version,
    engine,
    peak,
    ...Object.fromEntries(Object.entries(node).map(([pass, times]) => [pass, asObject(times)])),
  },
  chromium: 'skipped' in inChromium ? inChromium : { ...inChromium, layers: asObject(inChromium.layers) },
});
