// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench:models`: whole networks, as users run them. Files with weights, loaded as a layers model; plain values
 * in, the whole result out; stock tfjs and the same model under install(), call by call in turn, and onnxruntime-web on
 * the same graph. In Node on `cpu` and `wasm`, in headless Chromium on `webgl` and `webgpu`. One thread.
 */
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { geometricMean } from './averages';
import { BACKENDS, BY_DEFAULT, descriptorNamed } from './backends';
import { command, listOf, positive, wholePositive } from './command_line';
import { setUpWasm, writeJson } from './in_node';
import { type ContenderName, OURS, contendersOf } from './models/contenders';
import type { KernelTimes } from './models/kernel_times';
import { NETWORKS, networkNamed } from './models/networks';
import { type Running, onModelBackend } from './models/on_backend';
import { BOUND, wrongIn } from './models/outcome';
import { TRAININGS } from './models/trainings';
import { significant, timesText } from './numbers';
import { type Outcome as Raced, type Timed, timedOf } from './race';
import { BORDERS } from './tables';

interface Options {
  models: string[];
  backends: string[];
  rounds: number;
  budget: number;
  training: boolean;
  profile: boolean;
  json: string;
}

const names = NETWORKS.map(({ name }) => name);
const description =
  'Whole networks as files: stock tfjs, install(), onnxruntime-web; first call and median, a training step.';
const options = command('npm run bench:models --', description, 'bench/out/bench_models.json')
  .option('-m, --models <names>', `comma-separated, of ${names.join(', ')}`, listOf(names), names)
  .option('-b, --backends <names>', `comma-separated, of ${BACKENDS.join(', ')}`, listOf(BACKENDS), [...BY_DEFAULT])
  .option('-r, --rounds <n>', 'calls of each, besides the first', wholePositive, 9)
  .option('-t, --budget <seconds>', 'time for a network on a backend', positive, 30)
  .option('--no-training', 'no training step')
  .option('--profile', 'where the time goes, by kernel')
  .parse()
  .opts<Options>();

/** Kernels that a profile shows. */
const SHOWN_KERNELS = 8;

type Outcome = Raced<ContenderName>;

/** What was found of a network on a backend. */
interface Found {
  readonly backend: string;
  readonly network: string;
  readonly predicted: Outcome;
  readonly trained?: Outcome;
  readonly profiles?: Partial<Record<ContenderName, KernelTimes>>;
}

async function find(backend: string, name: string, { contest, renew }: Running): Promise<Found> {
  const network = networkNamed(name);
  const limits = { repeat: options.rounds, budget: options.budget * 1000 };
  const firsts = new Map<ContenderName, number | undefined>();
  if (renew) {
    for (const contender of contendersOf(network, descriptorNamed(backend))) {
      await renew();
      firsts.set(contender, await contest.first(name, contender));
    }
    await renew();
  }
  const predicted: Outcome = {};
  for (const [contender, result] of Object.entries(await contest.predict(name, limits)) as [ContenderName, Timed][]) {
    predicted[contender] = { ...result, ...(firsts.has(contender) && { firstMs: firsts.get(contender)! }) };
  }
  const trains = options.training && name in TRAININGS;
  const profiles: Found['profiles'] = {};
  for (const contender of ['stock', ...OURS] as const) {
    if (options.profile && timedOf(predicted, contender)) profiles[contender] = await contest.profile(name, contender);
  }
  return {
    backend,
    network: name,
    predicted,
    ...(trains && { trained: await contest.train(name, limits) }),
    ...(options.profile && { profiles }),
  };
}

/** A line per contender of ours. */
function table(found: readonly Found[], of: (one: Found) => Outcome | undefined): string {
  const text = new Table({
    ...BORDERS,
    head: [
      'backend',
      'network',
      'by',
      'first ms',
      'ms',
      '× stock',
      '× onnxruntime',
      'stock first',
      'stock ms',
      'difference',
    ],
    colAligns: ['left', 'left', 'left', ...Array<'right'>(7).fill('right')],
  });
  for (const one of found) {
    const outcome = of(one);
    if (!outcome) continue;
    const [stock, onnx] = [stockOf(outcome), timedOf(outcome, 'onnxruntime')];
    for (const by of OURS) {
      const ours = timedOf(outcome, by);
      if (!ours) continue;
      text.push([
        one.backend,
        one.network,
        by,
        significant(ours.firstMs ?? NaN),
        milliseconds(ours),
        timesText(ratio(stock, ours)),
        timesText(ratio(onnx, ours)),
        stock ? significant(stock.firstMs ?? NaN) : '',
        stock ? milliseconds(stock) : '',
        ours.difference.toExponential(1),
      ]);
    }
  }
  return text.toString();
}

/** The faster of stock's, if it has two ways. */
function stockOf(outcome: Outcome): Timed | undefined {
  const times = (['stock', 'stock, not naive'] as const).flatMap((name) => timedOf(outcome, name) ?? []);
  return times.length > 0 ? times.reduce((a, b) => (b.ms < a.ms ? b : a)) : undefined;
}

const ratio = (other: Timed | undefined, ours: Timed): number => (other ? other.ms / ours.ms : NaN);

/** ! for a time of which there is no second sample. */
function milliseconds({ ms, runs, note }: Timed): string {
  return `${runs < 2 || note !== '' ? '!' : ''}${significant(ms)}`;
}

const LABELS: Partial<Record<ContenderName, string>> = {
  layers: 'layers, where stock lacks something',
  'fold()': 'folded, of such layers, install()',
};

/** Geometric means and the least, by backend and contender. */
function summary(found: readonly Found[]): string {
  const text = new Table({
    ...BORDERS,
    head: ['backend', 'by', '× stock', 'least', 'on', '× onnxruntime', 'least', 'on'],
    colAligns: ['left', 'left', 'right', 'right', 'left', 'right', 'right', 'left'],
  });
  for (const backend of options.backends) {
    for (const by of OURS) {
      const against = (otherOf: (outcome: Outcome) => Timed | undefined): string[] => {
        const ratios = found.flatMap(({ backend: at, network, predicted }) => {
          const ours = timedOf(predicted, by) ?? (by === 'layers' ? timedOf(predicted, 'install()') : undefined);
          const value = at === backend && ours ? ratio(otherOf(predicted), ours) : NaN;
          return Number.isFinite(value) ? [{ network, value }] : [];
        });
        if (ratios.length === 0) return ['–', '–', ''];
        const least = ratios.reduce((a, b) => (b.value < a.value ? b : a));
        return [timesText(geometricMean(ratios.map(({ value }) => value))), timesText(least.value), least.network];
      };
      text.push([
        backend,
        LABELS[by] ?? by,
        ...against(stockOf),
        ...against((outcome) => timedOf(outcome, 'onnxruntime')),
      ]);
    }
  }
  return text.toString();
}

function profileTable({ backend, network, predicted, profiles }: Found): string {
  const head = [
    'by',
    'a call, ms',
    'in kernels, ms',
    `the ${SHOWN_KERNELS} that take the most, of the time in kernels`,
  ];
  const text = new Table({ ...BORDERS, head, colAligns: ['left', 'right', 'right', 'left'] });
  for (const [by, times] of Object.entries(profiles!) as [ContenderName, KernelTimes][]) {
    const sum = times.reduce((all, [, ms]) => all + ms, 0);
    const shares = times.slice(0, SHOWN_KERNELS).map(([kernel, ms]) => `${kernel} ${Math.round((100 * ms) / sum)} %`);
    text.push([by, milliseconds(timedOf(predicted, by)!), significant(sum), shares.join(', ')]);
  }
  return `Where the time of ${network} on ${backend} goes, each kernel waited for\n${text.toString()}`;
}

setUpWasm();
const found: Found[] = [];
const skipped: string[] = [];
const machines: string[] = [];
for (const backend of options.backends) {
  const outcome = await onModelBackend(backend, options.models.map(networkNamed), async (running) => {
    machines.push(`${backend}: ${running.machine}`);
    for (const name of options.models) {
      process.stderr.write(`${backend}: ${name}\n`);
      found.push(await find(backend, name, running));
    }
  });
  if (outcome) skipped.push(`${backend}: ${outcome.skipped}`);
}
for (const name of options.models) {
  const { title, from, stockLacks } = networkNamed(name);
  const note = stockLacks && `; stock lacks ${stockLacks}: written dense or at height 1 for stock and install()`;
  console.log(`${name}: ${title} (${from})${note ?? ''}`);
}
console.log(`Prediction, one example\n${table(found, ({ predicted }) => predicted)}`);
if (found.some(({ trained }) => trained)) {
  const titles = options.models.flatMap((name) => TRAININGS[name]?.title ?? []);
  console.log(`Training step with Adam: ${titles.join('; ')}\n${table(found, ({ trained }) => trained)}`);
}
console.log(`Predictions, geometric mean over the networks\n${summary(found)}`);
for (const one of found) if (one.profiles) console.log(profileTable(one));
console.log(
  '! no time for a second sample; --budget gives more. × onnxruntime: its wasm, one thread; not against a GPU.',
);
for (const { backend, network, predicted, trained } of found) {
  for (const outcome of [predicted, trained ?? {}]) {
    for (const [by, result] of Object.entries(outcome)) {
      if ('unable' in result)
        skipped.push(`${backend} ${network}, ${by}${outcome === trained ? ', training' : ''}: ${result.unable}`);
    }
  }
}
for (const line of skipped) console.log(`Skipped: ${line}`);
console.log(`${machines.join('; ')}; tfjs ${tf.version.tfjs}`);
writeJson(options.json, { date: new Date().toISOString(), machines, skipped, found });
const wrong = found.flatMap(({ backend, network, predicted, trained }) => {
  return [...wrongIn(predicted), ...wrongIn(trained ?? {})].map((by) => `${backend} ${network} ${by}`);
});
console.log(
  `Results differ from stock's by at most ${BOUND} of the largest value${wrong.length > 0 ? ', but for:' : '.'}`,
);
if (wrong.length > 0) {
  console.error(`${wrong.length} results are WRONG: ${wrong.join('; ')}`);
  process.exitCode = 1;
}
