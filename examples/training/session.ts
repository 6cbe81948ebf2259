// SPDX-License-Identifier: Apache-2.0
/**
 * A training in the worker of a page: it goes on step by step until told to pause, and lets other work in between two
 * steps.
 */
import * as tf from '@tensorflow/tfjs';
import { BACKENDS } from '../../bench/backends';
import { makeDigits } from '../digits/generate';
import { descriptorOf, deviceInWords } from '../../src/contract';
import { setBackend } from '../site/backends';
import { Batches } from './batches';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint';
import { BackendSearch } from './backend_search';
import { type Trial, stockPace } from './pace';
import type { Pace, PaceReport } from './pace_report';

/** What can be trained in a session. */
export interface Trainable<Losses> {
  readonly step: number;
  train(batches: Batches): Promise<Losses>;
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
  private running = false;
  private queue: Promise<unknown> = Promise.resolve();
  private readonly search = new BackendSearch(BACKENDS, BATCH, (batch) => this.trial(batch), setBackend);

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
      const { backend } = this.search;
      if (backend && tf.getBackend() !== backend) await tf.setBackend(backend);
    });
    this.queue = result.catch(() => undefined);
    return result;
  }

  /** Where it runs, and how fast; asked at any time. */
  paces(): PaceReport {
    const { backend } = this.search;
    const descriptor = descriptorOf(backend);
    const device = descriptor ? deviceInWords(descriptor, tf.findBackend(backend)) : '';
    return { ...this.search.report(), device };
  }

  /** Trains on a backend from the next step on; 'auto' finds the fastest. */
  choose(backend: string): Promise<void> {
    return this.exclusive(() => this.search.choose(backend));
  }

  /** What a step takes with stock kernels on the backends that have them; slow. */
  async stockPaces(): Promise<(Pace | { why: string })[]> {
    await this.exclusive(async () => {
      await this.search.begin();
      await this.search.measure();
    });
    const paces = [];
    for (const backend of STOCK_BACKENDS)
      paces.push(await this.exclusive(() => stockPace(BATCH, (batch) => this.trial(batch), backend)));
    return paces;
  }

  /** Trains until {@link pause}; tells of each step, and of a backend before it is tried. */
  async run(
    onStep: (step: number, losses: Losses, ms: number) => void | Promise<void>,
    onTry: (backend: string) => void | Promise<void>,
  ): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      await this.exclusive(() => this.search.begin());
      while (this.running) {
        const next = this.search.next();
        if (next !== undefined) {
          await onTry(next);
          await this.exclusive(() => this.search.tryNext());
        }
        await this.exclusive(async () => {
          const begin = performance.now();
          const losses = await this.current.train(this.batches);
          const ms = performance.now() - begin;
          this.search.note(ms);
          await onStep(this.current.step, losses, ms);
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

  private trial(batch: number): ReturnType<Trial> {
    const one = this.make();
    const few = batch === BATCH ? this.batches : new Batches(makeDigits(batch, 'trial'), batch, 0);
    return { run: () => one.train(few), dispose: () => one.dispose() };
  }
}
