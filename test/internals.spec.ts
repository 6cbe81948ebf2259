// SPDX-License-Identifier: Apache-2.0
/**
 * A later tfjs that keeps tensors in another way: results are right all the same, composed of core ops; it says so
 * once, and why.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { peerDependencies } from '../package.json';
import { VARIANTS, explain, install, uninstall } from '../src';
import { descriptorOf } from '../src/contract';
import { CASES } from './support/cases';
import { mismatch } from './support/compare';
import { type Environment, describeOnEveryBackend } from './support/environments';
import { runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { explicitPad, filterShape, layer, randomOperands, xShape, yShape } from './support/layer';
import { type LaterTfjs, onLaterTfjs } from './support/later_tfjs';
import * as oracle from './support/oracle';
import { kernelsThatRun } from './support/profile';

type Entry = ReturnType<MathBackendWebGL['texData']['get']>;

/** Reads entries of `texData` otherwise. Whose `isPacked` we have set is a result, drawn to by us. */
function entries(change: (entry: Entry, real: MathBackendWebGL, dataId: object, isOurs: boolean) => object): LaterTfjs {
  const results = new WeakSet<Entry>();
  return {
    changes: (backend) => {
      const real = backend as MathBackendWebGL;
      const get = (dataId: object): Entry => {
        const entry = real.texData.get(dataId);
        return new Proxy(entry, {
          get: (target, key) => {
            const changed = change(entry, real, dataId, results.has(entry)) as Record<PropertyKey, unknown>;
            return key in changed ? changed[key] : Reflect.get(target, key);
          },
          set: (target, key, value) => {
            if (key === 'isPacked') results.add(entry);
            return Reflect.set(target, key, value);
          },
        });
      };
      return { texData: { get } };
    },
  };
}

/** The values of a packed tensor as a texture of the same size, with 4 elements of a row in each texel. */
function packed4x1({ texShape }: Entry, real: MathBackendWebGL, dataId: object): { texture: WebGLTexture } {
  const gl = real.gpgpu.gl as WebGL2RenderingContext;
  const [height, width] = texShape!.map((size) => Math.ceil(size / 2));
  const texels = new Float32Array(4 * width * height);
  texels.set(real.readSync(dataId) as Float32Array);
  const texture = gl.createTexture()!;
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, width, height, 0, gl.RGBA, gl.FLOAT, texels);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.bindTexture(gl.TEXTURE_2D, null);
  return { texture };
}

/** `isPacked` goes by another name: what we set is not what tfjs reads. */
function otherName(): LaterTfjs {
  return {
    changes: (backend) => {
      const real = backend as MathBackendWebGL;
      const set = new WeakMap<Entry, unknown>();
      const get = (dataId: object): Entry => {
        const entry = real.texData.get(dataId);
        return new Proxy(entry, {
          get: (target, key) => (key === 'isPacked' ? set.get(entry) : Reflect.get(target, key)),
          set: (target, key, value) => {
            if (key !== 'isPacked') return Reflect.set(target, key, value);
            set.set(entry, value);
            return true;
          },
        });
      };
      return { texData: { get } };
    },
  };
}

const without = (...names: string[]): LaterTfjs => ({
  changes: () => Object.fromEntries(names.map((name) => [name, undefined])),
});

/** Later versions of tfjs, and what the proof says of them. */
const LATER: Readonly<Record<string, Readonly<Record<string, readonly [LaterTfjs, RegExp]>>>> = {
  webgl: {
    'packs 4 × 1': [
      entries((entry, real, dataId, isOurs) =>
        entry.isPacked && entry.texture && !isOurs ? { texture: packed4x1(entry, real, dataId) } : {},
      ),
      /a tensor that tfjs has packed: element \d+ is/,
    ],
    'counts the offset of a slice in bytes': [
      entries(({ slice }) => (slice ? { slice: { ...slice, flatOffset: 4 * slice.flatOffset } } : {})),
      /a slice: element \d+ is/,
    ],
    'keeps the offset of a slice elsewhere': [entries(() => ({ slice: undefined })), /a slice: element \d+ is/],
    'gives the width of a texture first': [
      entries(({ texShape }) => (texShape ? { texShape: [...texShape].reverse() } : {})),
      /a tensor uploaded, or a result read back: element \d+ is/,
    ],
    'does not say by which shape it has packed': [
      entries(({ isPacked, shape }, _real, _dataId, isOurs) =>
        isPacked && !isOurs ? { shape: [shape.reduce((a, b) => a * b)] } : {},
      ),
      /a tensor that tfjs has packed: element \d+ is/,
    ],
    'calls isPacked otherwise': [otherName(), /element \d+ is/],
    'keeps single values off the GPU': [
      entries(({ shape }) => (shape.length === 1 && shape[0] === 1 ? { texture: null } : {})),
      /a single value: .*null/,
    ],
    'has no texData': [without('texData'), /undefined/],
    'calls gpgpu otherwise': [without('gpgpu'), /undefined/],
    'calls uploadToGPU otherwise': [without('uploadToGPU'), /uploadToGPU is not a function/],
    'has no flag WEBGL_PACK': [{ lacksFlag: 'WEBGL_PACK' }, /WEBGL_PACK/],
    'has no flag WEBGL_RENDER_FLOAT32_ENABLED': [
      { lacksFlag: 'WEBGL_RENDER_FLOAT32_ENABLED' },
      /WEBGL_RENDER_FLOAT32_ENABLED/,
    ],
  },
  wasm: {
    'has no typedArrayFromHeap': [without('typedArrayFromHeap'), /typedArrayFromHeap is not a function/],
    'has no makeOutput': [without('makeOutput'), /makeOutput is not a function/],
    'gives a shifted view': [
      {
        changes: (real) => ({
          typedArrayFromHeap: (info: tf.TensorInfo) => {
            const { buffer, byteOffset, length } = (real as BackendWasm).typedArrayFromHeap(info) as Float32Array;
            return new Float32Array(buffer, byteOffset + 4, length);
          },
        }),
      },
      /a tensor of 1.5, -2, 3, 0, 5, 7 is read as -2, 3/,
    ],
    'gives a copy, not a view': [
      {
        changes: (real) => ({
          typedArrayFromHeap: (info: tf.TensorInfo) =>
            ((real as BackendWasm).typedArrayFromHeap(info) as Float32Array).slice(),
        }),
      },
      /a result of 1.5, -2, 3, 0, 5, 7 is read as/,
    ],
  },
  cpu: {
    'reads tensors as a list of bytes': [
      {
        changes: (real) => ({
          readSync: (dataId: object) => new Uint8Array((real.readSync(dataId) as Float32Array).buffer),
        }),
      },
      /a tensor of 1.5, -2, 3, 0, 5, 7 is read as 0, 0/,
    ],
  },
};

const hasKernels = ({ withoutKernels }: Environment): boolean => withoutKernels === undefined;
const REQUEST = { xShape: [1, 4, 5, 3], filterShape: [3, 3, 2, 3], strides: 2, pad: 'same' } as const;
const LAYERS = ['stride 2', 'odd channels', 'groups 2'];

describeOnEveryBackend('a later tfjs', specs, hasKernels);

function specs({ backend }: Environment): void {
  /** All that the op computes is right. Which of our kernels have run. */
  async function runAll(): Promise<string[]> {
    const names = await kernelsThatRun(() => {
      for (const name of LAYERS) {
        const l = CASES[name];
        const { x, filter, dy } = randomOperands(l, `later ${name}`);
        expect(mismatch(runForward(l, x, filter, 'auto'), oracle.forward(l, x, filter))).toBe('');
        expect(mismatch(runBackpropInput(l, dy, filter), oracle.backpropInput(l, dy, filter))).toBe('');
        expect(mismatch(runBackpropFilter(l, x, dy), oracle.backpropFilter(l, x, dy))).toBe('');
      }
    });
    return names.filter((name) => name.startsWith('Conv2DTranspose'));
  }

  for (const [what, [later, finding]] of Object.entries(LATER[backend])) {
    it(`${what}: results are right, composed of core ops, and one warning says why`, async () => {
      const l = layer();
      const { x, filter } = randomOperands(l, 'later');
      const warnings = await onLaterTfjs(later, async () => {
        expect(await runAll()).toEqual([]);
        const { variant, reason, variants } = explain(REQUEST);
        expect(variant).toBeUndefined();
        expect(reason).toMatch(finding);
        expect(reason).toMatch(/no variant can run on backend .*keeps tensors in another way.* composed of core ops/);
        for (const name of VARIANTS) {
          expect(variants[name].support.supported).toBe(false);
          expect(() => runForward(l, x, filter, name)).toThrowError(
            /cannot run on backend .*: tfjs \d.* keeps tensors in another way.* 'auto' would do/,
          );
        }
      });
      expect(warnings.length).toBe(1);
      expect(warnings[0]).toMatch(finding);
      expect(warnings[0]).toContain(`backend '${backend}': tfjs ${tf.version_core} `);
      expect(warnings[0]).toMatch(/Use tfjs \d.*open an issue/);
      expect((await runAll()).length).toBeGreaterThan(2);
    });

    it(`${what}: what is installed leaves it to stock`, async () => {
      const l = layer({ outChannels: 4 });
      const { x, filter } = randomOperands(l, 'later, installed');
      await onLaterTfjs(later, async () => {
        install({ backends: [backend], kernels: ['Conv2DBackpropInput'] });
        try {
          const names = await kernelsThatRun(() =>
            tf.tidy(() => {
              const [$x, $filter] = [tf.tensor4d(x, xShape(l)), tf.tensor4d(filter, filterShape(l))];
              const y = tf.conv2dTranspose($x, $filter, yShape(l), l.strides, explicitPad(l));
              expect(mismatch(y.dataSync(), oracle.forward(l, x, filter))).toBe('');
            }),
          );
          expect(names).toContain('Conv2DBackpropInput');
        } finally {
          uninstall();
        }
      });
    });
  }

  if (backend === 'wasm')
    it('is named where stock has no kernel to leave it to', async () => {
      await onLaterTfjs(Object.values(LATER[backend])[0][0], () => {
        install({ backends: [backend] });
        try {
          const gradient = (): unknown =>
            tf.tidy(() =>
              tf.grad((filter) => tf.conv2d(tf.ones<tf.Rank.R4>([1, 4, 4, 1]), filter as tf.Tensor4D, 1, 'same'))(
                tf.ones([3, 3, 1, 1]),
              ),
            );
          expect(gradient).toThrowError(/Conv2DBackpropFilter on backend 'wasm': tfjs .* in another way/);
        } finally {
          uninstall();
        }
      });
    });

  it('is told the version to go back to that this package asks for', async () => {
    const [[later]] = Object.values(LATER[backend]);
    const [warning] = await onLaterTfjs(later, () => void explain(REQUEST));
    const known = /Use tfjs ([\d.]+\d)/.exec(warning)![1];
    expect(peerDependencies['@tensorflow/tfjs-core'].replace(/[^\d.]/g, '').startsWith(`${known}.`)).toBe(true);
  });
}

describeOnEveryBackend('the proof of how tfjs keeps tensors', proofSpecs, hasKernels);

function proofSpecs({ backend: backendName }: Environment): void {
  const backend = (): tf.KernelBackend => tf.backend();
  const used = (): unknown => ({
    ...tf.memory(),
    // What tfjs keeps for the next tensor.
    numBytesInGPUAllocated: undefined,
    numBytesInGPUFree: undefined,
    numDataIds: backend().numDataIds(),
    textures: backendName === 'webgl' && (backend() as MathBackendWebGL).getTextureManager().getNumUsedTextures(),
  });
  const tape = (): unknown => tf.engine().state.activeTape?.length;

  it('passes without a warning, and leaves memory, textures, tape and profile as they were', async () => {
    const warnings = await onLaterTfjs({}, async () => {
      let proofs = 0;
      const gradient = tf.tidy(() =>
        tf
          .grad((x) => {
            const y = tf.square(x);
            const before = [used(), tape()];
            const { variant } = explain(REQUEST);
            expect(variant).toBeDefined();
            expect([used(), tape()]).toEqual(before);
            proofs++;
            return y;
          })(tf.tensor1d([1, 2, 3]))
          .dataSync(),
      );
      expect([...gradient]).toEqual([2, 4, 6]);
      expect(proofs).toBe(1);
    });
    await onLaterTfjs({}, async () => expect(await kernelsThatRun(() => void explain(REQUEST))).toEqual([]));
    expect(warnings).toEqual([]);
  });

  it('leaves nothing behind where it fails', async () => {
    for (const [later] of Object.values(LATER[backendName])) {
      await onLaterTfjs(later, () => {
        const before = used();
        explain(REQUEST);
        expect(used()).toEqual(before);
      });
    }
  });

  it('is made once', async () => {
    await onLaterTfjs({}, () => {
      const write = spyOnCalls(backend(), 'write');
      explain(REQUEST);
      const first = write.count();
      explain(REQUEST);
      descriptorOf(backendName)!.probe(backend());
      expect(first).toBeGreaterThan(1);
      expect(write.count()).toBe(first);
      write.restore();
    });
  });

  if (backendName !== 'webgl') return;

  it('waits while tfjs only compiles', async () => {
    const warnings = await onLaterTfjs({}, () => {
      tf.env().set('ENGINE_COMPILE_ONLY', true);
      try {
        const { variant, reason } = explain(REQUEST);
        expect(variant).toBeUndefined();
        expect(reason).toMatch(/ENGINE_COMPILE_ONLY/);
      } finally {
        tf.env().set('ENGINE_COMPILE_ONLY', false);
      }
      expect(explain(REQUEST).variant).toBeDefined();
    });
    expect(warnings).toEqual([]);
  });
}

/** Counts the calls of a method. */
function spyOnCalls(of: tf.KernelBackend, name: 'write'): { count: () => number; restore: () => void } {
  let calls = 0;
  const method = of[name];
  of[name] = (...args) => {
    calls++;
    return method.apply(of, args);
  };
  return { count: () => calls, restore: () => void delete (of as Partial<tf.KernelBackend>)[name] };
}
