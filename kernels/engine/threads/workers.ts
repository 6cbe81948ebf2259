// SPDX-License-Identifier: Apache-2.0
/** Workers of the platform: those of Node, else those of browsers. Their script is text (./worker). */
import { WORKER_SCRIPT } from './worker.generated';
import type { Start } from './team';

export interface RunningWorker {
  end(): void;
}

/** What there is of Node. */
interface NodeWorker {
  once(event: 'message', listener: () => void): void;
  once(event: 'error' | 'exit', listener: (reason: unknown) => void): void;
  postMessage(message: Start): void;
  unref(): void;
  terminate(): void;
}
interface NodeThreads {
  readonly Worker: new (script: string, options: object) => NodeWorker;
}
interface NodeSystem {
  availableParallelism?(): number;
  cpus(): readonly unknown[];
}

/** Milliseconds after which a worker that has not answered never will. */
const MOST_START_MS = 10_000;

/**
 * Starts a worker. It keeps no process alive.
 *
 * @param lost Called if it ends by itself, once it has started.
 * @throws Error if it can't be started: a content-security policy may forbid it.
 */
export async function startWorker(start: Start, lost: (reason: string) => void): Promise<RunningWorker> {
  const make = isNode() ? await inNode() : inBrowser;
  let worker: RunningWorker | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isRunning = false;
  const end = (): void => {
    isRunning = false;
    worker?.end();
  };
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error('it does not start')), MOST_START_MS);
      worker = make(start, resolve, (reason) => {
        if (isRunning) lost(reason);
        isRunning = false;
        reject(new Error(reason));
      });
    });
  } catch (error) {
    end();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  isRunning = true;
  return { end };
}

type Make = (start: Start, started: () => void, failed: (reason: string) => void) => RunningWorker;

/**
 * Whether this is Node: libraries put a `Worker` of their own there (onnxruntime-web does), which takes no URL of a
 * Blob. The windows and workers of Electron have Node's `process`, and workers of a browser.
 */
function isNode(): boolean {
  if (typeof process === 'undefined' || process.versions?.node === undefined) return false;
  return !['renderer', 'worker'].includes((process as { type?: string }).type ?? '');
}

/** Why a worker fails of which the browser says nothing else. */
const FORBIDDEN = "it is forbidden here: the page's content-security policy must allow worker-src blob:";

const inBrowser: Make = (start, started, failed) => {
  const url = URL.createObjectURL(new Blob([WORKER_SCRIPT], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.onmessage = () => {
    URL.revokeObjectURL(url);
    started();
  };
  worker.onerror = ({ message }) => {
    URL.revokeObjectURL(url);
    failed(message || FORBIDDEN);
  };
  worker.postMessage(start);
  return { end: () => worker.terminate() };
};

async function inNode(): Promise<Make> {
  const { Worker: NodeWorkerOf } = await nodeModule<NodeThreads>('worker_threads');
  return (start, started, failed) => {
    // Not the loaders of the process: the script needs none.
    const worker = new NodeWorkerOf(WORKER_SCRIPT, { eval: true, execArgv: [] });
    worker.once('message', () => {
      worker.unref();
      started();
    });
    worker.once('error', (error) => failed(String(error)));
    worker.once('exit', () => failed('a thread has ended'));
    worker.postMessage(start);
    return { end: () => void worker.terminate() };
  };
}

/** Where nobody tells: who starts as many learns whether there can be any. */
const UNKNOWN_CORES = 2;

/** How many threads run at once here. */
export async function cores(): Promise<number> {
  if (typeof navigator !== 'undefined' && navigator.hardwareConcurrency) return navigator.hardwareConcurrency;
  try {
    const { availableParallelism, cpus } = await nodeModule<NodeSystem>('os');
    return availableParallelism?.() ?? cpus().length;
  } catch {
    return UNKNOWN_CORES;
  }
}

/** A module of Node; bundlers don't look for it. */
async function nodeModule<T>(name: string): Promise<T> {
  const url = `node:${name}`;
  // Where code is run by another loader than Node's, there may be no import.
  const builtIn = (process as { getBuiltinModule?: (url: string) => T }).getBuiltinModule?.(url);
  return builtIn ?? ((await import(/* webpackIgnore: true */ /* @vite-ignore */ url)) as T);
}
