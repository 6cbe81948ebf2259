// SPDX-License-Identifier: Apache-2.0
/** The proof of how tfjs keeps tensors: what it finds, what it leaves as it was, and when it is made. */
import * as tf from '@tensorflow/tfjs-core';
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { explain } from '../src';
import { descriptorOf } from '../src/contract';
import { type Environment, describeOnEveryBackend, hasKernels } from './support/environments';
import { onLaterTfjs } from './support/later_tfjs';
import { LATER } from './support/later_versions';
import { kernelsThatRun } from './support/profile';

const REQUEST = { xShape: [1, 4, 5, 3], filterShape: [3, 3, 2, 3], strides: 2, pad: 'same' } as const;

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

  // What is known of webgpu's tensors is public: its kernels look for members, and prove nothing by values.
  if (backendName === 'webgpu') return;

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

  it('is tried again where memory was short', async () => {
    const warnings = await onLaterTfjs({}, async () => {
      const of = backend();
      const before = used();
      of.write = () => {
        throw new RangeError('Array buffer allocation failed');
      };
      try {
        const { variant, reason } = explain(REQUEST);
        expect(variant).toBeUndefined();
        expect(reason).toMatch(/could not be proven to keep tensors as tfjs .* does: .*allocation failed/);
      } finally {
        delete (of as Partial<tf.KernelBackend>).write;
      }
      expect(used()).toEqual(before);
      let variant: unknown;
      for (let n = 0; n < 20 && variant === undefined; n++) ({ variant } = explain(REQUEST));
      expect(variant).toBeDefined();
    });
    expect(warnings.length).toBe(1);
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
