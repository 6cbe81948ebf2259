// SPDX-License-Identifier: Apache-2.0
/** What becomes of calls where a worker dies, can't be started, or has no memory: right results, and a warning. */
import workerThreads from 'node:worker_threads';
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { setThreads, threads } from '../../kernels/cpu';
import '../../kernels/wasm';
import { conv2dTranspose } from '../../src';
import { useWasmFiles } from '../support/wasm_files';

const { Worker } = workerThreads;
const { Memory } = WebAssembly;
const started: workerThreads.Worker[] = [];

/** Large enough for threads on any machine: 1 GFLOP, or 17 MFLOP of 8 × 8 pixels. */
function sum(size = 64): number {
  return tf.tidy(() => {
    const [x, filter] = [tf.ones<tf.Rank.R4>([1, size, size, 64]), tf.ones<tf.Rank.R4>([4, 4, 128, 64])];
    return tf.sum(conv2dTranspose(x, filter, undefined, 2, 'same')).dataSync()[0];
  });
}

beforeAll(async () => {
  useWasmFiles();
  await tf.setBackend('cpu');
});
afterEach(async () => {
  Object.assign(workerThreads, { Worker });
  WebAssembly.Memory = Memory;
  started.length = 0;
  await setThreads(1);
  jest.restoreAllMocks();
});

/** Every worker that is started from now on is in `started`. */
function watchWorkers(): jest.SpiedFunction<typeof console.warn> {
  class Watched extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      started.push(this);
    }
  }
  Object.assign(workerThreads, { Worker: Watched });
  return jest.spyOn(console, 'warn').mockImplementation(() => undefined);
}

describe('threads', () => {
  it('go on as one, with one warning, when a worker has died', async () => {
    const expected = sum();
    const warned = watchWorkers();
    expect(await setThreads(3)).toBe(3);
    expect(sum()).toBe(expected);
    await started[0].terminate();
    expect(sum()).toBe(expected);
    expect(threads()).toEqual({ count: 1, reason: 'a thread has ended' });
    expect(warned).toHaveBeenCalledTimes(1);
    expect(String(warned.mock.calls[0])).toContain('goes on with one thread: a thread has ended');
    expect(await setThreads(2)).toBe(2);
    expect(sum()).toBe(expected);
  });

  it('go on as one when a worker dies so shortly before a call that nobody knows', async () => {
    const expected = sum();
    const warned = watchWorkers();
    expect(await setThreads(2)).toBe(2);
    void started[0].terminate();
    // No event comes while this thread is busy.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    expect(sum()).toBe(expected);
    expect(threads()).toEqual({ count: 1, reason: 'a thread does not answer' });
    expect(sum()).toBe(expected);
    await new Promise((resume) => setTimeout(resume, 50));
    expect(warned).toHaveBeenCalledTimes(1);
  }, 60_000);

  it('are of Node, though a library has put a Worker of its own there', async () => {
    const expected = sum();
    Object.assign(globalThis, {
      Worker: class {
        constructor() {
          throw new Error('no thread is asked of it');
        }
      },
    });
    try {
      expect(await setThreads(2)).toBe(2);
      expect(sum()).toBe(expected);
    } finally {
      Reflect.deleteProperty(globalThis, 'Worker');
    }
  });

  it('are one where no worker may be started', async () => {
    Object.assign(workerThreads, {
      Worker: class {
        constructor() {
          throw new Error('forbidden by policy');
        }
      },
    });
    expect(await setThreads(2)).toBe(1);
    expect(threads()).toEqual({ count: 1, reason: "a thread can't be started: forbidden by policy" });
  });

  it('take a smaller memory where a large one is refused, and are one where there is none', async () => {
    const asked: number[] = [];
    let most = 5000;
    class Refusing extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        if (descriptor.shared) {
          asked.push(descriptor.maximum!);
          if (descriptor.maximum! > most) throw new RangeError('could not allocate memory');
        }
        super(descriptor);
      }
    }
    WebAssembly.Memory = Refusing;
    const expected = sum();
    expect(await setThreads(2)).toBe(2);
    expect(sum()).toBe(expected);
    expect(asked).toEqual([32767, 16384, 8192, 4096]);
    await setThreads(1);
    most = 0;
    expect(await setThreads(2)).toBe(1);
    expect(threads().reason).toContain('could not allocate memory');
  });

  it('are one for a call that their memory has no room for', async () => {
    const expected = sum();
    expect(await setThreads(2)).toBe(2);
    const { grow } = Memory.prototype;
    Memory.prototype.grow = function (pages) {
      if (this.buffer instanceof SharedArrayBuffer) throw new RangeError('Maximum memory size exceeded');
      return grow.call(this, pages);
    };
    try {
      expect(sum()).toBe(expected);
    } finally {
      Memory.prototype.grow = grow;
    }
    expect(threads()).toEqual({ count: 2 });
    expect(sum()).toBe(expected);
  });

  it('stay where there is no memory for a result, which is an error', async () => {
    const expected = sum();
    expect(await setThreads(2)).toBe(2);
    const warned = watchWorkers();
    const { Float32Array: Floats } = globalThis;
    class Refusing extends Floats {
      constructor(...args: [number]) {
        if (args[0] === 128 * 128 * 128) throw new RangeError('Array buffer allocation failed');
        super(...args);
      }
    }
    Object.assign(globalThis, { Float32Array: Refusing });
    try {
      sum();
    } catch (error) {
      expect((error as Error).message).toContain('allocation failed');
    } finally {
      Object.assign(globalThis, { Float32Array: Floats });
    }
    expect(threads()).toEqual({ count: 2 });
    expect(warned).not.toHaveBeenCalled();
    expect(sum()).toBe(expected);
  });

  it('say that they serve another engine', async () => {
    expect(await setThreads(2)).toBe(2);
    tf.env().set('CONV2D_TRANSPOSE_CPU_ENGINE', 'plain');
    try {
      expect(threads().count).toBe(1);
      expect(threads().reason).toMatch(/^they serve the engine '(relaxed|simd)', until setThreads is called again$/);
    } finally {
      tf.env().set('CONV2D_TRANSPOSE_CPU_ENGINE', 'auto');
    }
    expect(threads()).toEqual({ count: 2 });
  });

  for (const backend of ['cpu', 'wasm']) {
    it(`leave a layer to one where they are slower, and are tried again, on ${backend}`, async () => {
      await tf.setBackend(backend);
      const expected = sum(8);
      expect(await setThreads(2)).toBe(2);
      const { notify } = Atomics;
      let [calls, pause] = [0, 15];
      // Every call of others begins with it.
      Atomics.notify = (words: Int32Array | BigInt64Array, ...which: [number, number?]): number => {
        calls++;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
        return notify(words as Int32Array, ...which);
      };
      const madeByTwo = (times: number): number =>
        Array.from({ length: times }, () => {
          const before = calls;
          expect(sum(8)).toBe(expected);
          return calls > before ? 1 : 0;
        }).reduce<number>((all, one) => all + one, 0);
      try {
        expect(madeByTwo(20)).toBe(17);
        expect(madeByTwo(5)).toBe(0);
        pause = 0;
        expect(madeByTwo(20)).toBeGreaterThan(0);
      } finally {
        Atomics.notify = notify;
        await tf.setBackend('cpu');
      }
    }, 60_000);
  }
});
