// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run fuzz`: random geometries, layouts, pads, values and ways to call, for as long as it is told; each result
 * compared with the oracle. Exits with 1 if one is wrong. `--seed` and `--from` repeat a case, `--case` runs one alone.
 */
import * as tf from '@tensorflow/tfjs-core';
import { InvalidArgumentError, Command } from 'commander';
import '../../kernels/cpu';
import '../../kernels/wasm';
import { listOf, positive, wholePositive } from '../../bench/command_line';
import { progressBar, setUpTfjs } from '../../bench/in_node';
import { callsOf, inChromium } from '../../bench/peers/chromium_page';
import type { Environment } from '../support/environments';
import { onEveryEngine } from '../support/memory_backends';
import { provideWebGPU } from '../wgsl/dawn';
import type { FuzzCase } from './check';
import { type BlockRunner, Fuzzing, MOST_FAILURES, type Tally, runInTurn } from './fuzzing';
import type { FuzzPage } from './page';
import { checkThreads, onThreads } from './threads';

/** Those that need a browser. */
const IN_PAGES = ['webgl', 'webgpu'];
/** By default: without a GPU the others are slow. `dawn` is webgpu in Node, `threads` those of cpu against one. */
const BY_DEFAULT = ['cpu', 'wasm', 'webgl'];
const BACKENDS = ['cpu', 'wasm', ...IN_PAGES, 'dawn', 'threads'];
const MOST_SEEDS = 2 ** 31;

interface Options {
  readonly minutes?: number;
  readonly seed: number;
  readonly backend: readonly string[];
  readonly from: number;
  readonly count?: number;
  readonly case?: FuzzCase;
}

const options = new Command('npm run fuzz --')
  .description('Compares random calls of the op with its definition, until the time is over or Ctrl-C is pressed.')
  .option('-m, --minutes <n>', 'for how long (default: 5, or with --count as long as it takes)', positive)
  .option('-s, --seed <n>', 'what everything random follows from (default: another each time)', seedOf)
  .option('-b, --backend <names>', `comma-separated, of ${BACKENDS.join(', ')}`, listOf(BACKENDS), BY_DEFAULT)
  .option('--from <n>', 'index of the first case', indexOf, 0)
  .option('--count <n>', 'how many cases on each backend', wholePositive)
  .option('--case <json>', 'one case alone, as a failure has printed it', caseOf)
  .showHelpAfterError()
  .allowExcessArguments(false)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
  .opts<Partial<Options> & Omit<Options, 'seed'>>();
const seed = options.seed ?? Math.floor(Math.random() * MOST_SEEDS);
const minutes = options.minutes ?? (options.count || options.case ? Infinity : 5);

function indexOf(value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It must be a whole number of at least 0.');
}

function seedOf(value: string): number {
  const given = indexOf(value);
  if (given < MOST_SEEDS) return given;
  throw new InvalidArgumentError(`It must be less than ${MOST_SEEDS}.`);
}

function caseOf(value: string): FuzzCase {
  try {
    const given = JSON.parse(value) as FuzzCase;
    if (given?.layer && given.told) return given;
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('It must be the JSON that a failure has printed.');
}

/** What runs cases: here, or in a page. */
interface Runner extends BlockRunner {
  runCase(c: FuzzCase): Promise<void>;
  tally(): Promise<Tally> | Tally;
  stop(): Promise<void> | void;
}

const tallies = new Map<string, Tally>();
const skipped: string[] = [];
const broken: string[] = [];
let begun = 0;
let stopped = false;
const secondsSinceBegin = (): number => (begun === 0 ? 0 : (performance.now() - begun) / 1000);
const isOver = (): boolean => stopped || secondsSinceBegin() >= minutes * 60;

/** One case alone, or blocks of cases until the time is over or there are failures enough. */
async function fuzz(runners: readonly Runner[]): Promise<void> {
  if (options.case) {
    for (const runner of runners) await runner.runCase(options.case);
  } else {
    await runInTurn(runners, options.from, options.from + (options.count ?? Infinity), isOver);
  }
  await note(runners);
}

async function note(runners: readonly Runner[]): Promise<void> {
  for (const runner of runners) {
    const tally = await runner.tally();
    tallies.set(tally.backend, tally);
  }
}

/** Tells, every second, how far it is; and ends it when it is over. */
function watch(runners: readonly Runner[]): () => void {
  const timer = setInterval(() => {
    void note(runners).catch(() => undefined);
    if (isOver()) runners.forEach((runner) => void Promise.resolve(runner.stop()).catch(() => undefined));
    const counts = [...tallies.values()].map(({ backend, comparisons }) => `${backend} ${comparisons}`).join(', ');
    const wrong = [...tallies.values()].reduce((sum, { failures }) => sum + failures.length, 0);
    bar.update(Math.floor(secondsSinceBegin()), { counts, wrong });
  }, 1000);
  return () => clearInterval(timer);
}

/** Webgpu in Node, each kind of our programs in turn. */
async function onDawn(): Promise<Environment[]> {
  const adapter = await provideWebGPU('vulkan');
  if (adapter === undefined) {
    skipped.push('dawn: it found no Vulkan driver; a Chromium brings one (Debian: apt-get install chromium)');
    return [];
  }
  console.log(`dawn on ${adapter}`);
  await import('@tensorflow/tfjs-backend-webgpu');
  const { descriptor } = await import('../../kernels/webgpu');
  const { registerWithSubgroups } = await import('../../bench/webgpu_subgroups');
  const dawn = { name: 'dawn', backend: 'webgpu' };
  if (!(await registerWithSubgroups())) console.log('dawn: this adapter has no subgroups');
  await tf.setBackend('webgpu');
  return descriptor.settings!.names(tf.backend()).map((name) => ({
    ...dawn,
    name: `dawn, tiles by ${name}`,
    setUp: () => descriptor.settings!.use(descriptor.device(tf.backend()), name),
  }));
}

async function inNode(): Promise<void> {
  setUpTfjs();
  const environments: Record<string, readonly Environment[]> = {
    cpu: onEveryEngine('cpu'),
    wasm: [{ name: 'wasm', backend: 'wasm' }],
    dawn: options.backend.includes('dawn') ? await onDawn() : [],
    threads: onThreads,
  };
  const runners = options.backend.flatMap((name): Runner[] => {
    const own = environments[name] ?? [];
    if (own.length === 0) return [];
    const fuzzing = new Fuzzing(own, seed, name === 'threads' ? checkThreads : undefined, name);
    return [
      {
        runBlock: (from, to) => fuzzing.runBlock(from, to),
        runCase: (c) => fuzzing.runCase(c),
        tally: () => fuzzing.tally,
        stop: () => fuzzing.stop(),
      },
    ];
  });
  const unwatch = watch(runners);
  await fuzz(runners).finally(unwatch);
}

/** Fuzzes a backend in a page. @param ready Called when the page is ready. */
function inPage(backend: string, ready: () => void, go: Promise<void>): Promise<void> {
  const page = inChromium(
    new URL('./page.ts', import.meta.url).href,
    async (tab, browser) => {
      console.log(`${backend} in ${browser}`);
      ready();
      await go;
      const runner = callsOf<FuzzPage>(tab);
      await runner.begin(backend, seed);
      const unwatch = watch([runner]);
      await fuzz([runner]).finally(unwatch);
      return {};
    },
    // Else it would end the whole command, without its summary.
    { handleSIGINT: false, handleSIGTERM: false },
  );
  return page
    .then((outcome) => {
      if ('skipped' in outcome) skipped.push(`${backend}: ${outcome.skipped}`);
    })
    .catch((error: unknown) => void broken.push(`${backend} broke off: ${(error as Error).message}`))
    .finally(ready);
}

function summarize(): void {
  const seconds = secondsSinceBegin();
  console.log(`\nseed ${seed}, ${seconds.toFixed(0)} s, cases from ${options.from}`);
  for (const { backend, cases, comparisons, failures } of tallies.values())
    console.log(
      `${backend}: ${comparisons} comparisons of ${cases} cases, ${failures.length} wrong` +
        (failures.length < MOST_FAILURES ? '' : ', and no more were looked for'),
    );
  skipped.forEach((reason) => console.log(`Skipped: ${reason}`));
  broken.forEach((reason) => console.log(`FAILED ${reason}`));
  for (const { backend, failures } of tallies.values()) {
    for (const { environment, index, least, wrong } of failures) {
      console.log(`\nWRONG on ${environment}:\n  ${wrong.join('\n  ')}`);
      const again = `npm run fuzz -- --backend ${backend}`;
      if (!Number.isNaN(index)) console.log(`As found: ${again} --seed ${seed} --from ${index} --count 1`);
      console.log(`At least: ${again} --case '${JSON.stringify(least)}'`);
    }
  }
}

const bar = progressBar('{value} s | {counts} | {wrong} wrong', { noTTYOutput: true, notTTYSchedule: 10_000 });
process.on('SIGINT', () => (stopped = true));
process.on('SIGTERM', () => (stopped = true));

console.log(`seed ${seed}`);
const wantsNode = options.backend.some((name) => !IN_PAGES.includes(name));
let go = (): void => {};
const started = new Promise<void>((resolve) => (go = resolve));
const pages: Promise<void>[] = [];
for (const backend of options.backend.filter((name) => IN_PAGES.includes(name)))
  await new Promise<void>((ready) => pages.push(inPage(backend, ready, started)));
begun = performance.now();
bar.start(Number.isFinite(minutes) ? Math.ceil(minutes * 60) : 0, 0, { counts: '', wrong: 0 });
go();
const node = wantsNode ? inNode() : Promise.resolve();
await Promise.all([...pages, node.catch((error: Error) => void broken.push(`Node broke off: ${error.stack}`))]);
bar.stop();
summarize();
const all = [...tallies.values()];
const isRight = broken.length === 0 && all.every(({ failures }) => failures.length === 0);
process.exit(isRight && all.some(({ comparisons }) => comparisons > 0) ? 0 : 1);
