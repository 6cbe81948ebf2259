// SPDX-License-Identifier: Apache-2.0
/** What every engine promises besides right results: bounded memory, nothing stale, nothing lost. */
import * as tf from '@tensorflow/tfjs-core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import seedrandom from 'seedrandom';
import { ENGINE_FLAG, scratch } from '../kernels/cpu';
import type { Block, Operand, Plan } from '../kernels/engine/engine';
import { currentEngine } from '../kernels/engine/engines';
import { conv2dTranspose } from '../src';
import { mismatch } from './support/compare';
import { EXACT_VARIANTS, type Environment, describeOnEveryBackend } from './support/environments';
import { runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { type Layer, filterShape, layer, randomOperands, sizeOf, xShape, yShape } from './support/layer';
import { NOTHING, leaked } from './support/leaks';
import * as oracle from './support/oracle';

const MB = 1024 * 1024;
const RETAINED = 64 * MB;

/** Layers whose filter, or whose channels, are large enough to be worked on in several chunks. */
const CHUNKED: Record<string, Layer> = {
  'many channels in and out': layer({ inSize: [3, 2], inChannels: 300, outChannels: 220, kernel: [3, 3] }),
  'many pixels, odd channels': layer({ inSize: [6, 7], inChannels: 67, outChannels: 33, kernel: [4, 4], batch: 2 }),
  'a chunk of 8 channels too large for all taps': layer({
    inSize: [2, 1],
    inChannels: 2100,
    outChannels: 9,
    kernel: [8, 8],
  }),
  'a depthwise filter larger than a chunk': layer({
    inSize: [2, 3],
    inChannels: 2101,
    outChannels: 2101,
    groups: 2101,
    kernel: [8, 8],
  }),
  'depthwise, tiles of rows': layer({ inSize: [40, 30], inChannels: 36, outChannels: 36, groups: 36, kernel: [3, 3] }),
  'depthwise, tiles of images': layer({ inSize: [5, 4], inChannels: 70, outChannels: 70, groups: 70, batch: 21 }),
  'small groups, tiles of rows': layer({
    inSize: [40, 30],
    inChannels: 32,
    outChannels: 32,
    groups: 8,
    kernel: [3, 3],
  }),
  'small groups, more channels out': layer({ inSize: [9, 8], inChannels: 13, outChannels: 39, groups: 13, batch: 2 }),
  'groups of 7 in, 6 out': layer({ inSize: [5, 6], inChannels: 21, outChannels: 18, groups: 3, kernel: [3, 4] }),
  'wide groups': layer({ inSize: [5, 6], inChannels: 96, outChannels: 60, groups: 3, kernel: [3, 3] }),
};
const operandsOf = Object.fromEntries(Object.entries(CHUNKED).map(([name, l]) => [name, randomOperands(l, name)]));
const truths = Object.fromEntries(
  Object.entries(CHUNKED).map(([name, l]) => {
    const { x, filter, dy } = operandsOf[name];
    return [
      name,
      {
        forward: oracle.forward(l, x, filter),
        dx: oracle.backpropInput(l, dy, filter),
        dFilter: oracle.backpropFilter(l, x, dy),
      },
    ];
  }),
);

describeOnEveryBackend('engine', engineSpecs, ({ backend }) => backend === 'cpu');

function engineSpecs({ name: environment }: Environment): void {
  for (const [name, l] of Object.entries(CHUNKED)) {
    const { x, filter, dy } = operandsOf[name];
    for (const variant of EXACT_VARIANTS) {
      it(`${variant} is right in chunks: ${name}`, () => {
        expect(mismatch(runForward(l, x, filter, variant), truths[name].forward)).toBe('');
      });
    }
    it(`the gradients are right in chunks: ${name}`, () => {
      expect(mismatch(runBackpropInput(l, dy, filter), truths[name].dx)).toBe('');
      expect(mismatch(runBackpropFilter(l, x, dy), truths[name].dFilter)).toBe('');
    });

    it(`subpixel needs at most its tensors and 16 MB: ${name}`, () => {
      scratch.reset();
      runForward(l, x, filter, 'subpixel');
      const tensors = 4 * (sizeOf(xShape(l)) + sizeOf(filterShape(l)) + sizeOf(yShape(l)));
      expect(scratch.peakBytes).toBeLessThanOrEqual(tensors + 16 * MB);
    });
  }

  it('bounds the scratch of matmul to 1 MB and of dilate to 4 MB, however large the layer', () => {
    const l = layer({ inSize: [40, 40], inChannels: 32, outChannels: 32, kernel: [5, 5] });
    const { x, filter } = randomOperands(l, 'scratch');
    // The WebAssembly engines need copies of x and y as well, and what they pack of the filter.
    const copies = environment.includes('plain') ? 0 : 4 * (sizeOf(xShape(l)) + sizeOf(yShape(l))) + 2 * MB;
    for (const [variant, most] of [
      ['scatter', 0],
      ['subpixel', 0],
      ['matmul', MB],
      ['dilate', 4 * MB],
    ] as const) {
      scratch.reset();
      runForward(l, x, filter, variant);
      expect(scratch.peakBytes).toBeLessThanOrEqual(most + copies);
    }
  });

  it('copies pixels of a second operand that is larger than a chunk', () => {
    const length = 1 << 18;
    const grid = { batch: 1, rows: 1, cols: length / 4 };
    const pixelsOf = (block: Block): Operand => ({ block, first: 0, channels: 4, batch: 0, row: 0, col: 1 });
    const plan: Plan = {
      lengths: { first: 4, second: length, out: length, scratch: 0 },
      zeros: false,
      steps: [{ kind: 'copyPixels', grid, from: pixelsOf('second'), to: pixelsOf('out'), channels: 4 }],
    };
    const second = Float32Array.from({ length }, (_, n) => n + 1);
    const out = currentEngine().run(plan, new Float32Array(4), second, (values) => values.slice());
    expect(out.findIndex((value, n) => value !== n + 1)).toBe(-1);
  });

  it('counts the scratch memory of calls that run in place, not of those that are refused there', () => {
    let room = 1024;
    const memory = new WebAssembly.Memory({ initial: 1 });
    const run = currentEngine().inPlace?.({ memory, allocate: () => room, free: () => undefined });
    expect(run === undefined).toBe(environment.includes('plain'));
    if (!run) return;
    const at = { first: 16, second: 32, out: 48 };
    const planOf = (floats: number): Plan => ({
      lengths: { first: 4, second: 4, out: 4, scratch: floats },
      zeros: true,
      steps: [],
    });
    scratch.reset();
    expect(run(planOf(RETAINED / 4), at)).toBe(false);
    room = 0;
    expect(run(planOf(1000), at)).toBe(false);
    expect(scratch.peakBytes).toBe(0);
    room = 1024;
    expect(run(planOf(1000), at)).toBe(true);
    expect(scratch.peakBytes).toBeGreaterThanOrEqual(4000);
    expect(scratch.peakBytes).toBeLessThan(5000);
  });

  it('keeps bounded memory over 1,000 calls of changing shapes', () => {
    const random = seedrandom.alea('1000 calls');
    const upTo = (n: number): number => 1 + Math.floor(random() * n);
    const leaks = leaked(() => {
      for (let call = 0; call < 1000; call++) {
        const [channels, out] = [upTo(40), upTo(40)];
        const x = tf.zeros<tf.Rank.R4>([upTo(3), upTo(24), upTo(24), channels]);
        const filter = tf.zeros<tf.Rank.R4>([upTo(5), upTo(5), out, channels]);
        conv2dTranspose(x, filter, undefined, upTo(3), 'same', { variant: EXACT_VARIANTS[call % 4] }).dispose();
        tf.dispose([x, filter]);
        expect(scratch.retainedBytes).toBeLessThanOrEqual(RETAINED);
      }
    });
    expect(leaks).toEqual(NOTHING);
  });

  it('gives back the memory of a call that was too large to keep', () => {
    scratch.reset();
    const x = tf.zeros<tf.Rank.R4>([1, 2048, 1024, 8]);
    const filter = tf.zeros<tf.Rank.R4>([1, 1, 4, 8]);
    conv2dTranspose(x, filter, undefined, 1, 'same').dispose();
    tf.dispose([x, filter]);
    if (!environment.includes('plain')) expect(scratch.peakBytes).toBeGreaterThan(RETAINED);
    expect(scratch.retainedBytes).toBeLessThanOrEqual(RETAINED);
  });

  it('gives back everything when the backend is removed, and works when it is registered again', () => {
    const l = layer();
    const { x, filter } = randomOperands(l, 'removed backend');
    const truth = oracle.forward(l, x, filter);
    expect(mismatch(runForward(l, x, filter, 'auto'), truth)).toBe('');
    tf.removeBackend('cpu');
    expect(scratch.retainedBytes).toBe(0);
    tf.registerBackend('cpu', () => new MathBackendCPU(), 1);
    tf.setBackend('cpu');
    expect(mismatch(runForward(l, x, filter, 'auto'), truth)).toBe('');
  });

  it('never uses a stale filter: after an assignment, a change in place, the reuse of memory', () => {
    const l = layer({ inChannels: 16, outChannels: 16 });
    const { x, filter } = randomOperands(l, 'first');
    const other = randomOperands(l, 'second').filter;
    const $x = tf.tensor4d(x, xShape(l));
    const variable = tf.variable(tf.tensor4d(filter.slice(), filterShape(l)));
    const check = (expected: Float32Array): void => {
      const y = conv2dTranspose($x, variable as tf.Tensor4D, undefined, 2, 'valid');
      expect(mismatch(y.dataSync(), oracle.forward(l, x, expected))).toBe('');
      y.dispose();
    };
    check(filter);
    const assigned = tf.tensor4d(other, filterShape(l));
    variable.assign(assigned);
    assigned.dispose();
    check(other);
    const inPlace = variable.dataSync<'float32'>();
    inPlace[3] += 1;
    check(inPlace.slice());
    tf.disposeVariables();
    const again = tf.tensor4d(filter, filterShape(l));
    const y = conv2dTranspose($x, again, undefined, 2, 'valid');
    expect(mismatch(y.dataSync(), oracle.forward(l, x, filter))).toBe('');
    tf.dispose([$x, again, y]);
  });

  it('computes in plain TypeScript what is beyond the memory of WebAssembly', () => {
    const l = layer({ inSize: [40, 40], inChannels: 24, outChannels: 24 });
    const { x, filter, dy } = randomOperands(l, 'out of memory');
    const [y, dFilter] = [oracle.forward(l, x, filter), oracle.backpropFilter(l, x, dy)];
    const grow = WebAssembly.Memory.prototype.grow;
    tf.removeBackend('cpu'); // Gives back the memory there is, so that it has to grow.
    tf.registerBackend('cpu', () => new MathBackendCPU(), 1);
    tf.setBackend('cpu');
    WebAssembly.Memory.prototype.grow = () => {
      throw new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded');
    };
    try {
      scratch.reset();
      expect(mismatch(runForward(l, x, filter, 'subpixel'), y)).toBe('');
      expect(mismatch(runBackpropFilter(l, x, dy), dFilter)).toBe('');
      // What was asked for and refused is not counted; what plain TypeScript takes is.
      expect(scratch.peakBytes).toBe(0);
      expect(mismatch(runForward(l, x, filter, 'matmul'), y)).toBe('');
      expect(scratch.peakBytes).toBeGreaterThan(0);
    } finally {
      WebAssembly.Memory.prototype.grow = grow;
    }
    expect(mismatch(runForward(l, x, filter, 'subpixel'), y)).toBe('');
  });

  it('returns arrays that later calls leave alone', () => {
    const l = layer();
    const { x, filter } = randomOperands(l, 'kept');
    const first = runForward(l, x, filter, 'subpixel');
    const copy = first.slice();
    const other = x.map(() => 7);
    runForward(l, other, filter, 'subpixel');
    expect(Array.from(first)).toEqual(Array.from(copy));
  });

  it('says what can run when the flag names what cannot', () => {
    const before = tf.env().get(ENGINE_FLAG);
    tf.env().set(ENGINE_FLAG, 'cuda');
    let message = '';
    try {
      conv2dTranspose([[[[1]]]], [[[[1]]]], undefined, 1, 'same');
    } catch (error) {
      message = (error as Error).message;
    }
    tf.env().set(ENGINE_FLAG, before);
    expect(message).toMatch(/CONV2D_TRANSPOSE_CPU_ENGINE is 'cuda', which cannot run here; 'auto', .*'plain' can/);
  });
}
