// SPDX-License-Identifier: Apache-2.0
/** How fast a training goes: on each backend, and with stock kernels. */
import * as tf from '@tensorflow/tfjs';
import { install, uninstall } from '../../src';
import { type Pace, STOCK_BATCH } from './pace_report';

/** A training to try: steps of `batch` images each, on the backend that is set. */
export type Trial = (batch: number) => { run(): Promise<unknown>; dispose(): void };

const STEPS = 3;
/** A backend that takes longer for so few images than another for a whole batch is not measured any further. */
const PROBE_BATCH = 4;

/** Tried first where it can be had: it is fastest on most machines, so the others are told from a few images. */
const FAVOURITE = 'wasm';

/** Backends in the order in which they are best tried. */
export function tryingOrder(backends: readonly string[]): string[] {
  return [...backends].sort((a, b) => Number(b === FAVOURITE) - Number(a === FAVOURITE));
}

/**
 * A step's time on a backend, which is set, with this library's kernels; undefined if it cannot be had. If a few images
 * take longer than `best`, that is all that is known of it.
 */
export async function paceOn(backend: string, batch: number, trial: Trial, best = Infinity): Promise<Pace | undefined> {
  if (!(await tf.setBackend(backend).catch(() => false))) return undefined;
  install();
  try {
    const probe = best < Infinity ? await stepTime(trial, Math.min(PROBE_BATCH, batch), 1) : 0;
    if (probe > best) return { backend, ms: probe, atLeast: true };
    return { backend, ms: await stepTime(trial, batch, STEPS) };
  } catch (error) {
    if (best < Infinity) return undefined; // Another is there to train on.
    throw error;
  }
}

/**
 * A step's time on each backend that can be had, fastest first, with this library's kernels. The fastest is set, and
 * the kernels are installed, afterwards.
 */
export async function raceBackends(backends: readonly string[], batch: number, trial: Trial): Promise<Pace[]> {
  const paces: Pace[] = [];
  for (const backend of tryingOrder(backends)) {
    const pace = await paceOn(backend, batch, trial, Math.min(...paces.map(({ ms }) => ms)));
    if (pace) paces.push(pace);
  }
  if (paces.length === 0) throw new Error(`None of the backends ${backends.join(', ')} can be had here`);
  paces.sort((a, b) => a.ms - b.ms);
  await tf.setBackend(paces[0].backend);
  return paces;
}

/**
 * A step's time with stock kernels on a backend, extrapolated from a batch of {@link STOCK_BATCH} (its time is all but
 * proportional to the images); or why they cannot do it. Backend and kernels are as before afterwards.
 */
export async function stockPace(batch: number, trial: Trial, backend: string): Promise<Pace | { why: string }> {
  const before = tf.getBackend();
  uninstall();
  try {
    await tf.setBackend(backend);
    return { backend, ms: ((await stepTime(trial, STOCK_BATCH, 1)) * batch) / STOCK_BATCH };
  } catch (error) {
    return { why: (error as Error).message };
  } finally {
    await tf.setBackend(before);
    install();
  }
}

/** Milliseconds of a step: the mean of `steps` after one that warms up, which on a GPU compiles. */
async function stepTime(trial: Trial, batch: number, steps: number): Promise<number> {
  const { run, dispose } = trial(batch);
  try {
    await run();
    const begin = performance.now();
    for (let n = 0; n < steps; n++) await run();
    return (performance.now() - begin) / steps;
  } finally {
    dispose();
  }
}
