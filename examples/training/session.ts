// SPDX-License-Identifier: Apache-2.0
/**
 * A training in the worker of a page: it goes on step by step until told to pause, and lets other work in between two
 * steps.
 */
import * as tf from '@tensorflow/tfjs';
import { BACKENDS } from '../../bench/backends';
import { makeDigits } from '../digits/generate';
import { setBackend } from '../site/backends';
import { Batches } from './batches';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint';
import { raceBackends, stockPace } from './pace';
import type { Pace } from './pace_report';

/** What can be trained in a session. */
export interface Trainable<Losses> {
  readonly step: number;
  train(batches: Batches): Losses;
  save(): Promise<Checkpoint>;
  dispose(): void;
}

const BATCH = 64;
const EXAMPLES = 5000;
/** Where stock kernels can train; asked before any are replaced. */
const STOCK_BACKENDS = BACKENDS.filter((name) => tf.getKernel(tf.Conv2DBackpropFilter, name) !== undefined);

export class Session<Losses, T extends Trainable<Losses>> {
  /** What is trained; there is always one. */
  current: T;
  /** Batches in an epoch. */
  readonly perEpoch = Math.floor(EXAMPLES / BATCH);
  private data: Batches | undefined;
  private backend = '';
  private running = false;
  private queue: Promise<unknown> = Promise.resolve();

  private constructor(
    private make: () => T,
    private readonly restore: (checkpoint: Checkpoint) => Promise<T>,
    private readonly seed: number,
  ) {
    this.current = make();
  }

  static async open<Losses, T extends Trainable<Losses>>(
    make: () => T,
    restore: (checkpoint: Checkpoint) => Promise<T>,
    seed: number,
  ): Promise<Session<Losses, T>> {
    await setBackend('cpu');
    return new Session(make, restore, seed);
  }

  /** What is learned; made when it is first asked for, for that takes seconds. */
  private get batches(): Batches {
    this.data ??= new Batches(makeDigits(EXAMPLES, `train ${this.seed}`), BATCH, this.seed);
    return this.data;
  }

  /**
   * Does something that needs the backend to itself, after what is being done. Afterwards the training's backend is set
   * again.
   */
  exclusive<R>(work: () => Promise<R> | R): Promise<R> {
    const result = this.queue.then(work).finally(async () => {
      if (this.backend && tf.getBackend() !== this.backend) await tf.setBackend(this.backend);
    });
    this.queue = result.catch(() => undefined);
    return result;
  }

  /** Tries all backends and takes the fastest; milliseconds of a step, fastest first. */
  chooseBackend(): Promise<Pace[]> {
    return this.exclusive(async () => {
      const paces = await raceBackends(BACKENDS, BATCH, (batch) => this.trial(batch));
      this.backend = paces[0].backend;
      return paces;
    });
  }

  /** What a step takes with stock kernels on the backends that have them; slow. */
  async stockPaces(): Promise<(Pace | { why: string })[]> {
    const paces = [];
    for (const backend of STOCK_BACKENDS)
      paces.push(await this.exclusive(() => stockPace(BATCH, (batch) => this.trial(batch), backend)));
    return paces;
  }

  /** Trains until {@link pause}; tells of each step. */
  async run(onStep: (step: number, losses: Losses, ms: number) => void | Promise<void>): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      if (!this.backend) await this.chooseBackend();
      while (this.running) {
        await this.exclusive(async () => {
          const begin = performance.now();
          const losses = this.current.train(this.batches);
          await onStep(this.current.step, losses, performance.now() - begin);
        });
        await new Promise((resume) => setTimeout(resume, 0)); // Lets messages in.
      }
    } finally {
      this.running = false;
    }
  }

  pause(): void {
    this.running = false;
  }

  save(): Promise<Uint8Array> {
    return this.exclusive(async () => encodeCheckpoint(await this.current.save()));
  }

  /** Replaces what is trained by that of a checkpoint; if that fails, all is as before. */
  load(bytes: Uint8Array, name: string): Promise<void> {
    return this.exclusive(async () => {
      const checkpoint = decodeCheckpoint(bytes, name);
      const loaded = await this.restore(checkpoint).finally(() => tf.dispose(checkpoint.tensors));
      this.current.dispose();
      this.current = loaded;
    });
  }

  /** Begins anew, with something else if it is given. */
  reset(make: () => T = this.make): Promise<void> {
    return this.exclusive(() => {
      this.make = make;
      this.current.dispose();
      this.current = make();
    });
  }

  private trial(batch: number): { run(): void; dispose(): void } {
    const one = this.make();
    const few = batch === BATCH ? this.batches : new Batches(makeDigits(batch, 'trial'), batch, 0);
    return { run: () => void one.train(few), dispose: () => one.dispose() };
  }
}
