// SPDX-License-Identifier: Apache-2.0
/** On `wasm`, kernels run in the memory of tfjs, on tensors where they lie: nothing else changes, and none is lost. */
import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { computeGeometry, explain, fused, install, uninstall } from '../src';
import { PASSES, PASS_OPERANDS, type Pass, descriptorOf, kernelNameFor } from '../src/contract';
import { CASES } from './support/cases';
import { mismatch } from './support/compare';
import { EXACT_VARIANTS, describeOnEveryBackend } from './support/environments';
import { runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { type LaterTfjs, onLaterTfjs } from './support/later_tfjs';
import {
  type Layer,
  explicitPad,
  filterShape,
  layer,
  randomOperands,
  requestOf,
  sizeOf,
  xShape,
  yShape,
} from './support/layer';
import { NOTHING, leaked } from './support/leaks';
import * as oracle from './support/oracle';

/** What there is of the module that Emscripten made. */
interface Module {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
}
const COPIES = 'on copies of tensors';
const ANOTHER_NAME: LaterTfjs = { changes: () => ({ wasm: undefined }) };

const moduleOf = (backend: tf.KernelBackend): Module => (backend as BackendWasm).wasm as unknown as Module;

/** Emscripten's module with some of it changed, for our kernels. */
function module(changes: (real: Module) => Readonly<Record<string, unknown>>): LaterTfjs {
  return {
    changes: (backend) => {
      const real = moduleOf(backend);
      const changed = changes(real);
      return { wasm: new Proxy(real, { get: (target, key) => Reflect.get(key in changed ? changed : target, key) }) };
    },
  };
}

/** The device by its name, with our kernels as they see the backend. */
async function deviceOn(later: LaterTfjs): Promise<string> {
  let device = '';
  await onLaterTfjs(later, () => {
    device = descriptorOf('wasm')!.device(tf.backend());
  });
  return device;
}

/** Makes the memory grow; what is allocated for that is freed again. */
function grow(of: Module): void {
  const before = of.HEAPU8.length;
  const rooms: number[] = [];
  while (of.HEAPU8.length === before) {
    rooms.push(of._malloc(1 << 20));
    if (rooms[rooms.length - 1] === 0) throw new Error('The memory cannot grow');
  }
  for (const room of rooms) of._free(room);
}

/** While this runs, each of these tensors that comes from another backend makes the memory grow. How many have come. */
function withGrowingMoves(tensors: readonly tf.Tensor[], run: () => void): number {
  const backend = tf.backend() as BackendWasm;
  const move = backend.move.bind(backend);
  let count = 0;
  backend.move = (...args) => {
    // tfjs writes new tensors by it as well.
    if (tensors.some(({ dataId }) => dataId === args[0])) {
      count++;
      grow(moduleOf(backend));
    }
    move(...args);
  };
  try {
    run();
  } finally {
    Reflect.deleteProperty(backend, 'move');
  }
  return count;
}

async function registerAnew(): Promise<void> {
  const factory = tf.findBackendFactory('wasm');
  tf.removeBackend('wasm');
  tf.registerBackend('wasm', factory, 2);
  await tf.setBackend('wasm');
}

/** All that a layer computes is right. */
function checkAll(l: Layer, seed: string): void {
  const { x, filter, dy } = randomOperands(l, seed);
  for (const variant of EXACT_VARIANTS)
    expect(mismatch(runForward(l, x, filter, variant), oracle.forward(l, x, filter))).toBe('');
  expect(mismatch(runBackpropInput(l, dy, filter), oracle.backpropInput(l, dy, filter))).toBe('');
  expect(mismatch(runBackpropFilter(l, x, dy), oracle.backpropFilter(l, x, dy))).toBe('');
}

describeOnEveryBackend('in place', specs, ({ backend }) => backend === 'wasm');

function specs(): void {
  const isShared = (): boolean => moduleOf(tf.backend()).HEAPU8.buffer.constructor.name === 'SharedArrayBuffer';

  it('is how kernels run on the tfjs that this is tested with, on one thread', () => {
    expect(descriptorOf('wasm')!.device(tf.backend()).includes(COPIES)).toBe(isShared());
  });

  for (const name of ['stride 2', 'odd channels', 'groups 2', 'depthwise, dilated']) {
    it(`leaves what lies before and after its tensors alone: ${name}`, () => {
      const l = CASES[name];
      const { x, filter, dy } = randomOperands(l, `neighbours ${name}`);
      for (const size of [yShape(l), xShape(l), filterShape(l)].map(sizeOf)) {
        // Every other one is disposed of: results lie between those that stay.
        const all = Array.from({ length: 16 }, (_, n) => tf.fill([size], n + 0.5));
        const stay = all.filter((_, n) => n % 2 === 0);
        tf.dispose(all.filter((_, n) => n % 2 === 1));
        for (const variant of EXACT_VARIANTS) runForward(l, x, filter, variant);
        runBackpropInput(l, dy, filter);
        runBackpropFilter(l, x, dy);
        stay.forEach((tensor, n) => expect(tensor.dataSync().every((value) => value === 2 * n + 0.5)).toBe(true));
        tf.dispose(stay);
      }
    });
  }

  it('is right where the memory grows in the midst of a call, and on a backend registered anew', async () => {
    await registerAnew();
    const bytes = (): number => moduleOf(tf.backend()).HEAPU8.length;
    const l = layer({ inSize: [512, 256], inChannels: 8, outChannels: 8, kernel: [2, 2] });
    const { x, filter } = randomOperands(l, 'growth');
    const before = bytes();
    expect(mismatch(runForward(l, x, filter, 'subpixel'), oracle.forward(l, x, filter))).toBe('');
    expect(bytes()).toBeGreaterThan(before);
    expect(descriptorOf('wasm')!.device(tf.backend())).not.toContain(COPIES);
  });

  const MOVED = layer({ outChannels: 5 });
  const VALUES = {
    ...randomOperands(MOVED, 'moved'),
    bias: [1, -1, 2, -2, 0],
    preluActivationWeights: [0.5, 0.25, -1, 2, 0.125],
  };
  const SHAPES = {
    x: xShape(MOVED),
    filter: filterShape(MOVED),
    dy: yShape(MOVED),
    bias: [5],
    preluActivationWeights: [5],
  };
  /** Checks results of the passes, of which the forward one is fused. */
  const CHECKS: Readonly<Record<Pass, (result: Float32Array) => void>> = {
    forward: (y) => {
      const { x, filter, bias, preluActivationWeights: slopes } = VALUES;
      const sums = runForward(MOVED, x, filter, 'subpixel');
      expect(mismatch(sums, oracle.forward(MOVED, x, filter))).toBe('');
      const biased = Array.from(sums, (sum, n) => sum + bias[n % 5]);
      expect(Array.from(y)).toEqual(biased.map((sum, n) => Math.fround(sum < 0 ? sum * slopes[n % 5] : sum)));
    },
    'input gradient': (dx) => {
      expect(mismatch(dx, oracle.backpropInput(MOVED, VALUES.dy, VALUES.filter))).toBe('');
    },
    'filter gradient': (dFilter) => {
      expect(mismatch(dFilter, oracle.backpropFilter(MOVED, VALUES.x, VALUES.dy))).toBe('');
    },
  };
  for (const [path, later] of Object.entries({ 'in place': {}, 'on copies': ANOTHER_NAME })) {
    for (const pass of PASSES) {
      const fused = pass === 'forward' ? (['bias', 'preluActivationWeights'] as const) : [];
      const names = [...PASS_OPERANDS[pass].takes, ...fused];
      for (const moved of [...names.map((name) => [name]), names]) {
        it(`is right where the memory grows to take ${moved.join(', ')} (${pass}, ${path})`, async () => {
          await registerAnew();
          const inputs: tf.NamedTensorMap = {};
          for (const name of names) {
            await tf.setBackend(moved.includes(name) ? 'cpu' : 'wasm');
            inputs[name] = tf.tensor(Float32Array.from(VALUES[name]), SHAPES[name]);
          }
          await tf.setBackend('wasm');
          const activation = pass === 'forward' ? 'prelu' : undefined;
          const attrs = { geometry: computeGeometry(requestOf(MOVED)), activation } as unknown as tf.NamedAttrMap;
          const kernelName = kernelNameFor(pass, pass === 'forward' ? 'subpixel' : 'ours');
          await onLaterTfjs(later, () => {
            const isCopied = descriptorOf('wasm')!.device(tf.backend()).includes(COPIES);
            expect(isCopied).toBe(path === 'on copies' || isShared());
            const count = withGrowingMoves(Object.values(inputs), () => {
              const result = tf.engine().runKernel<tf.Tensor>(kernelName, inputs, attrs);
              CHECKS[pass](result.dataSync<'float32'>());
              result.dispose();
            });
            expect(count).toBe(moved.length);
          });
          tf.dispose(inputs);
        });
      }
    }
  }

  it('gives back the scratch memory of every call', async () => {
    const rooms = new Set<number>();
    let count = 0;
    const counting = module((real) => ({
      _malloc: (bytes: number) => {
        const room = real._malloc(bytes);
        rooms.add(room);
        count++;
        return room;
      },
      _free: (room: number) => {
        rooms.delete(room);
        real._free(room);
      },
    }));
    await onLaterTfjs(counting, () => checkAll(layer(), 'scratch'));
    expect(count).toBeGreaterThan(4);
    expect(rooms.size).toBe(0);
  });

  it('computes on copies where there is no memory left for scratch', async () => {
    let calls = 0;
    const full = module((real) => ({ _malloc: (bytes: number) => (calls++ === 0 ? real._malloc(bytes) : 0) }));
    await onLaterTfjs(full, () => {
      expect(leaked(() => checkAll(layer(), 'no scratch'))).toEqual(NOTHING);
    });
    expect(calls).toBeGreaterThan(4);
  });

  it('reads integers as numbers', () => {
    const l = layer();
    const { filter } = randomOperands(l, 'integers');
    const x = Float32Array.from({ length: sizeOf(xShape(l)) }, (_, n) => (n % 7) - 3);
    const y = tf.tidy(() => {
      const inputs = { x: tf.tensor4d(x, xShape(l), 'int32'), filter: tf.tensor4d(filter, filterShape(l)) };
      const attrs = { geometry: computeGeometry(requestOf(l)) } as unknown as tf.NamedAttrMap;
      return (tf.engine().runKernel('Conv2DTransposeSubpixel', inputs, attrs) as tf.Tensor).dataSync<'float32'>();
    });
    expect(mismatch(y, oracle.forward(l, x, filter))).toBe('');
  });

  it('fuses bias and activation in place', () => {
    const l = layer({ outChannels: 5 });
    const { x, filter } = randomOperands(l, 'fused');
    const bias = [1, -1, 2, -2, 0];
    const y = tf.tidy(() =>
      fused
        .conv2dTranspose({
          x: tf.tensor4d(x, xShape(l)),
          filter: tf.tensor4d(filter, filterShape(l)),
          outputShape: yShape(l),
          strides: l.strides,
          pad: explicitPad(l),
          bias: tf.tensor1d(bias),
          activation: 'relu',
        })
        .dataSync(),
    );
    const sums = runForward(l, x, filter, 'auto');
    expect(Array.from(y)).toEqual(Array.from(sums, (sum, n) => Math.max(0, Math.fround(sum + bias[n % 5]))));
  });

  it('is what conv2d is taken from stock for, under install()', async () => {
    const g = computeGeometry(requestOf(layer({ inSize: [16, 16], inChannels: 32, outChannels: 32 })));
    const runs = (): string => explain(g).installed['input gradient']!.runs;
    install({ backends: ['wasm'] });
    try {
      expect(runs()).toBe(isShared() ? 'stock' : 'ours');
      await onLaterTfjs(ANOTHER_NAME, () => expect(runs()).toBe('stock'));
    } finally {
      uninstall();
    }
  });

  for (const channels of [1, 2, 3, 4, 7, 8]) {
    it(`fuses what is linear on either side of 0 as core ops compute it, ${channels} channels, any values`, () => {
      const values = [-3.7, -0.1, 0, 5.9, 6.1, NaN, Infinity, -Infinity, 1e-40, -1e-40, 1e38];
      const slopes = Array.from({ length: channels }, (_, n) => n / 7 - 0.3);
      tf.tidy(() => {
        const x = tf.tensor4d(values, [1, 1, values.length, 1]);
        const [bias, prelu] = [tf.tensor1d(slopes.map((slope) => 3 * slope)), tf.tensor1d(slopes)];
        const biased = tf.add(tf.tile(x, [1, 1, 1, channels]), bias);
        const bent: Readonly<Record<string, tf.Tensor>> = {
          linear: biased,
          relu: tf.relu(biased),
          relu6: tf.relu6(biased),
          leakyrelu: tf.leakyRelu(biased, 0.3),
          prelu: tf.prelu(biased, prelu),
        };
        for (const [activation, expected] of Object.entries(bent)) {
          const y = fused.conv2dTranspose({
            x,
            filter: tf.ones<tf.Rank.R4>([1, 1, channels, 1]),
            strides: 1,
            pad: 'valid',
            bias,
            activation: activation as 'relu',
            leakyreluAlpha: 0.3,
            preluActivationWeights: activation === 'prelu' ? prelu : undefined,
          });
          // Not of NaN: stock's relu makes it 0.
          const isNumber = (_: number, n: number): boolean => !Number.isNaN(values[Math.floor(n / channels)]);
          const [given, wanted] = [y, expected].map((tensor) => Array.from(tensor.dataSync()));
          expect(given.filter(isNumber).map((value) => value + 0)).toEqual(wanted.filter(isNumber).map((v) => v + 0));
          expect(given.some(Number.isNaN)).toBe(true);
        }
      });
    });
  }

  const LATER: Readonly<Record<string, LaterTfjs>> = {
    'a module by another name': ANOTHER_NAME,
    'no exports, as on several threads': module(() => ({ asm: {} })),
    'another memory': module(() => ({ asm: { memory: new WebAssembly.Memory({ initial: 256 }) } })),
    'a memory that is shared': module(() => ({
      asm: { memory: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }) },
    })),
    'no allocator': module(() => ({ _malloc: undefined })),
    'an allocator that gives what is in use': {
      changes: (real) => {
        const backend = real as BackendWasm;
        let last = 0;
        return {
          makeOutput: (...args: Parameters<BackendWasm['makeOutput']>) => {
            const info = backend.makeOutput(...args);
            last = backend.getMemoryOffset(info.dataId);
            return info;
          },
          wasm: { asm: (backend.wasm as unknown as { asm: object }).asm, _malloc: () => last, _free: () => undefined },
        };
      },
    },
  };
  for (const [what, later] of Object.entries(LATER)) {
    it(`is given up on a later tfjs: ${what}. Results are right, and nothing is warned of`, async () => {
      expect(await deviceOn(later)).toContain(COPIES);
      const warnings = await onLaterTfjs(later, () => {
        expect(leaked(() => checkAll(layer(), what))).toEqual(NOTHING);
      });
      expect(warnings).toEqual([]);
    });
  }
}
