// SPDX-License-Identifier: Apache-2.0
/** How many threads the engine has: what users ask for, and what they get. Without a word of theirs it is one. */
import type { Engine } from '../engine';
import { currentEngine, enginesMade } from '../engines';
import { whyNoThreads } from './pool';
import { cores } from './workers';

/** Threads by default are the cores, but at most so many. */
const MOST_BY_DEFAULT = 8;
/** More would be a mistake. */
const MOST = 128;

/** Threads, and why they are no more. */
export interface Threads {
  /** How many large calls run on, the caller's included. */
  count: number;
  /** Why they are fewer than were asked for. */
  reason?: string;
}

/** The engine that threads were started for last. */
let served: Engine | undefined;
/** What was asked for last. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Has large calls on `cpu` and `wasm` run on several threads, one of them the caller's: starts workers, or ends those
 * that are too many. Results are bitwise the same for any number. Workers keep no process alive. They serve the engine
 * that is current (`CONV2D_TRANSPOSE_CPU_ENGINE`), and share a memory that is kept until they are ended.
 *
 * In a browser it needs a page that is cross-origin isolated, by two headers of the server:
 * `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`.
 *
 * @param count 1 ends all workers. Default: the cores of the machine, at most 8.
 * @returns How many threads run. It may be 1 where there can't be more: `threads()` says why.
 * @throws RangeError if `count` is no whole number from 1 to 128
 */
export async function setThreads(count?: number): Promise<number> {
  if (count !== undefined && !(Number.isInteger(count) && count > 0 && count <= MOST))
    throw new RangeError(
      `setThreads(${typeof count === 'string' ? `'${count as string}'` : String(count)}): it takes a whole number ` +
        `from 1 to ${MOST}, or nothing for as many as there are cores`,
    );
  // One after another, whoever asks.
  const now = last.then(async () => start(count ?? Math.min(MOST_BY_DEFAULT, await cores())));
  last = now.catch(() => undefined);
  return now;
}

async function start(count: number): Promise<number> {
  const engine = currentEngine();
  served = engine;
  for (const one of enginesMade()) {
    if (one !== engine) await one.startThreads?.(1);
    one.whyFewer = undefined;
  }
  if ((engine.threads ?? 1) === count) return count;
  if (count > 1) engine.whyFewer = engine.startThreads ? whyNoThreads() : `the ${engine.name} engine has one`;
  engine.lostThreads = (why) => {
    engine.whyFewer = why;
    console.warn(`tfjs-conv2d-transpose goes on with one thread: ${why}. Results are right, large layers slower.`);
  };
  try {
    await engine.startThreads?.(engine.whyFewer === undefined ? count : 1);
  } catch (error) {
    engine.whyFewer = `a thread can't be started: ${(error as Error).message}`;
  }
  return threads().count;
}

/** How many threads large calls run on, and why they are no more than were asked for. */
export function threads(): Threads {
  const engine = currentEngine();
  const { threads: count = 1, whyFewer } = engine;
  const serveAnother = served !== undefined && served !== engine && (served.threads ?? 1) > 1;
  const reason = serveAnother ? `they serve the engine '${served!.name}', until setThreads is called again` : whyFewer;
  return reason === undefined ? { count } : { count, reason };
}
