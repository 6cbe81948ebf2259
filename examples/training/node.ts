// SPDX-License-Identifier: Apache-2.0
/**
 * What the training commands share in Node: options, data, the choice of the backend, and the loop with its progress
 * bar and checkpoints.
 */
import { constants } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { BACKENDS, descriptorNamed } from '../../bench/backends';
import { progressBar, setUpTfjs } from '../../bench/in_node';
import { counted, significant } from '../../bench/numbers';
import { setThreads, threads } from '../../kernels/cpu';
import { install } from '../../src';
import { type Digits, makeDigits } from '../digits/generate';
import { loadMnist } from '../digits/idx';
import type { Checkpoint } from './checkpoint';
import { type Trial, raceBackends, stockPace } from './pace';
import { STOCK_BATCH, duration } from './pace_report';
import type { RunFolder } from './run_folder';

/** Those that need no browser. */
const IN_NODE = BACKENDS.filter((name) => descriptorNamed(name).runsOn === 'cpu');

export interface TrainingOptions {
  epochs: number;
  examples: number;
  batch: number;
  seed: number;
  backend: string;
  threads?: number;
  mnist?: string;
  out?: string;
  fresh: boolean;
  stock: boolean;
}

export function wholeAbove(least: number): (value: string) => number {
  return (value) => {
    if (!Number.isInteger(Number(value)) || Number(value) < least)
      throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
    return Number(value);
  };
}

/** The options that every training has. */
export function trainingCommand(name: string, description: string, epochs: number): Command {
  const epochsText = 'epochs in all; a run that was stopped goes on from its checkpoint';
  const backend = new Option('--backend <name>', 'where to train; auto measures');
  return new Command(name)
    .description(description)
    .showHelpAfterError()
    .allowExcessArguments(false)
    .option('-e, --epochs <n>', epochsText, wholeAbove(1), epochs)
    .option('-n, --examples <n>', 'digits to make for training', wholeAbove(1), 10_000)
    .option('--batch <n>', 'images in a batch', wholeAbove(1), 64)
    .option('--seed <n>', 'what everything random follows from', wholeAbove(0), 1)
    .addOption(backend.choices(['auto', ...IN_NODE]).default('auto'))
    .option(
      '--threads <n>',
      'threads to train on, where a layer is large enough (default: the cores, at most 8)',
      wholeAbove(1),
    )
    .option('--mnist <folder>', 'train on MNIST’s IDX files from a folder or URL instead of made digits')
    .option('-o, --out <folder>', 'where checkpoint and pictures go')
    .option('--fresh', 'begin anew, even if there is a checkpoint', false)
    .option('--no-stock', 'do not measure what stock kernels would take');
}

/** Digits to train on, or with another part, digits that nothing was trained on. */
export async function loadDigits(
  { mnist, examples, seed }: TrainingOptions,
  part: 'train' | 't10k' = 'train',
): Promise<Digits> {
  if (mnist) return loadMnist(mnist, part);
  return part === 'train' ? makeDigits(examples, `train ${seed}`) : makeDigits(2000, `test ${seed}`);
}

/** Gets tfjs ready, on a backend that needs no preparation. */
export async function startTfjs(): Promise<void> {
  setUpTfjs();
  await tf.setBackend('cpu');
}

/** Whether there is anything left to train; says so if not, and where a run goes on. */
export function isLeft(steps: number, { epochs }: TrainingOptions, stepsPerEpoch: number, folder: RunFolder): boolean {
  const to = epochs * stepsPerEpoch;
  if (steps >= to) {
    const more = `--epochs ${Math.floor(steps / stepsPerEpoch) + 1} would go on, --fresh would begin anew`;
    console.log(`${folder.checkpointPath} has ${counted(steps, 'step')} already; ${more}.`);
  } else if (steps > 0) console.log(`Going on at step ${steps} of ${to}, from ${folder.checkpointPath}.`);
  return steps < to;
}

/** Sets the backend to train on, and says what an epoch takes there, and with stock kernels. */
export async function chooseBackend(
  { backend, batch, stock, threads: wanted }: TrainingOptions,
  stepsPerEpoch: number,
  trial: Trial,
): Promise<void> {
  await setThreads(wanted);
  const paces = await raceBackends(backend === 'auto' ? IN_NODE : [backend], batch, trial);
  const list = paces
    .map((pace) => `${pace.atLeast ? 'more than ' : ''}${duration(pace.ms)} on ${pace.backend}`)
    .join(', ');
  console.log(`A step of ${counted(batch, 'image')} takes ${list}. Training on ${paces[0].backend}.`);
  const { count, reason } = threads();
  console.log(`Large layers on cpu and wasm run on ${counted(count, 'thread')}${reason ? `: ${reason}` : ''}.`);
  const epochTime = duration(paces[0].ms * stepsPerEpoch);
  console.log(`An epoch of ${counted(stepsPerEpoch, 'step')} takes about ${epochTime} with these kernels.`);
  if (!stock) return;
  for (const name of IN_NODE) {
    const pace = await stockPace(batch, trial, name);
    if ('why' in pace) {
      console.log(`With stock kernels on ${name} it cannot be done: ${pace.why.split('\n')[0]}`);
      continue;
    }
    const epoch = `${duration(pace.ms * stepsPerEpoch)} (from a step of ${counted(STOCK_BATCH, 'image')})`;
    const ratio = significant(pace.ms / paces[0].ms);
    console.log(`With stock kernels on ${name} it would take about ${epoch}: ${ratio} times as long.`);
  }
}

/** Sets a backend without a race. */
export async function setUpBackend(backend: string): Promise<void> {
  setUpTfjs();
  await tf.setBackend(backend);
  install();
}

export interface Loop {
  readonly training: { readonly step: number; save(): Promise<Checkpoint> };
  readonly folder: RunFolder;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** One step; returns the losses to show. */
  step(): Promise<Record<string, number>>;
  /** Draws what has been learned into a file of the folder; returns its path. */
  draw(name: string): string;
}

const SAVE_EVERY_MS = 30_000;

/**
 * Trains to the end of the last epoch, from wherever `training` is, with a progress bar. Saves now and then, after
 * every epoch, and when stopped (Ctrl-C; the exit code then is 130); draws after every epoch.
 */
export async function runLoop({ training, folder, epochs, stepsPerEpoch, step, draw }: Loop): Promise<void> {
  const { checkpointPath } = folder;
  const [from, to] = [training.step, epochs * stepsPerEpoch];
  const bar = progressBar('epoch {epoch} | step {value}/{total}{losses}{left}', {
    gracefulExit: false,
    noTTYOutput: !process.stderr.isTTY,
    notTTYSchedule: 10_000,
  });
  let stopped: NodeJS.Signals | undefined;
  const stop = (signal: NodeJS.Signals): void => void (stopped = signal);
  const save = async (): Promise<void> => folder.save(await training.save());
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  bar.start(to, from, { epoch: Math.floor(from / stepsPerEpoch) + 1, losses: '', left: '' });
  const begin = performance.now();
  let saved = begin;
  while (training.step < to && !stopped) {
    const losses = Object.entries(await step()).map(([name, value]) => `${name} ${value.toFixed(3)}`);
    const epochEnds = training.step % stepsPerEpoch === 0;
    const epoch = Math.ceil(training.step / stepsPerEpoch);
    const left = ((performance.now() - begin) / (training.step - from)) * (to - training.step);
    bar.update(training.step, { epoch, losses: ` | ${losses.join(', ')}`, left: ` | ${duration(left)} left` });
    if (epochEnds || performance.now() - saved > SAVE_EVERY_MS) {
      await save();
      saved = performance.now();
    }
    if (epochEnds) draw(`epoch-${`${epoch}`.padStart(3, '0')}.png`);
    await new Promise((resume) => setImmediate(resume)); // Lets signals in.
  }
  bar.stop();
  process.off('SIGINT', stop);
  process.off('SIGTERM', stop);
  if (stopped) {
    await save();
    process.exitCode = 128 + constants.signals[stopped]; // As shells have it.
    return console.log(`Stopped at step ${training.step}; the same command goes on from ${checkpointPath}.`);
  }
  const time = duration(performance.now() - begin);
  const written = `Picture: ${draw('samples.png')}; checkpoint: ${checkpointPath}`;
  console.log(`Done: ${counted(to - from, 'step')} in ${time}. ${written}`);
}

/** Runs a command: what goes wrong is said in a sentence, with exit code 1. */
export async function runCommand(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
