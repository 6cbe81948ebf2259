// SPDX-License-Identifier: Apache-2.0
/** Settings of a backend's kernels: `tune` measures them, keeps the fastest, and `explain` shows what it has found. */
import * as tf from '@tensorflow/tfjs-core';
import { type Tuning, clearTuning, explain, exportTuning, importTuning, tune } from '../src';
import { type BackendDescriptor, type FamilyKernel, descriptorOf } from '../src/contract';
import { mismatch } from './support/compare';
import { changeDescriptor } from './support/descriptors';
import {
  EXACT_VARIANTS,
  type Environment,
  describeOnEveryBackend,
  hasKernels,
  isDrawn,
  isVariation,
} from './support/environments';
import { runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { layer, randomOperands, requestOf } from './support/layer';
import * as oracle from './support/oracle';

const LAYER = layer({ inSize: [5, 6], kernel: [3, 4], strides: [1, 2], inChannels: 6, outChannels: 10 });
const LIGHT = requestOf(layer({ inSize: [2, 2], inChannels: 2, outChannels: 2 }));
const DEPTHWISE = requestOf(layer({ inSize: [9, 9], groups: 8, inChannels: 8, outChannels: 8, batch: 4 }));
const request = requestOf(LAYER);

/** Kernels that can be set to wait a while; how they are set is kept as a backend keeps it, by device. */
function waiting(own: BackendDescriptor): Partial<BackendDescriptor> {
  const set = new Map<string, string>();
  const inUse = (backend: tf.KernelBackend): string => {
    const name = set.get(own.device(backend));
    return name === 'at once' ? name : 'after a while';
  };
  const kernel = ({ supports, run }: FamilyKernel): FamilyKernel => ({
    supports,
    run: (call) => {
      const end = performance.now() + (inUse(call.backend) === 'at once' ? 0 : 20);
      while (performance.now() < end);
      return run(call);
    },
  });
  const variants = Object.fromEntries(Object.entries(own.variants).map(([name, one]) => [name, kernel(one)]));
  return {
    variants,
    settings: {
      of: 'when to begin',
      names: () => ['after a while', 'at once'],
      inUse,
      use: (device, name) => void (name === undefined ? set.delete(device) : set.set(device, name)),
      concern: (g) => g.groups === 1,
    },
  };
}

describeOnEveryBackend('settings of a backend', settingsSpecs, (on) => hasKernels(on) && !isDrawn(on));

function settingsSpecs({ backend }: Environment): void {
  const inUse = (): string | undefined => explain(request).setting?.inUse;
  let restore = (): void => undefined;
  const change = (): void => void (restore = changeDescriptor(backend, waiting));
  beforeEach(change);
  afterEach(() => {
    clearTuning();
    restore();
  });
  it('are as usual until tune has measured them, and again when that is cleared', async () => {
    const usual = explain(request).setting!;
    expect([usual.of, usual.inUse, usual.contenders]).toEqual([
      'when to begin',
      'after a while',
      { 'after a while': {}, 'at once': {} },
    ]);
    expect(usual.reason).toMatch(/^usual on such a device; tune measures/);
    const memory = tf.memory().numTensors;
    await tune([LIGHT, request], { samples: 1 });
    expect(tf.memory().numTensors).toBe(memory);
    const tuned = explain(request).setting!;
    expect(tuned.inUse).toBe('at once');
    expect(tuned.reason).toMatch(/^measured on .* with x \[1,5,6,6\] and filter \[3,4,10,6\]$/);
    const { 'after a while': slow, 'at once': quick } = tuned.contenders;
    expect(slow.measuredMs! > quick.measuredMs!).toBe(true);
    clearTuning();
    expect(inUse()).toBe('after a while');
  });

  it('are exported and imported, also before the backend is there', async () => {
    await tune([request], { samples: 1 });
    const exported = JSON.stringify(exportTuning());
    clearTuning();
    importTuning(exported);
    expect(inUse()).toBe('at once');
    expect(JSON.parse(JSON.stringify(exportTuning()))).toEqual(JSON.parse(exported));
    clearTuning();
    restore();
    importTuning(exported);
    // What is not known here leaves the backend's own as usual, which the first of their names is.
    expect(inUse()).toBe(descriptorOf(backend)!.settings?.names(tf.backend())[0]);
    // Another copy of the backend's kernels, which comes later.
    const tuning = exportTuning();
    clearTuning();
    change();
    importTuning(tuning);
    expect(inUse()).toBe('at once');
  });

  it('of another device, or of a name that is not known, change nothing', async () => {
    await tune([request], { samples: 1 });
    const [best] = exportTuning().settings!;
    clearTuning();
    importTuning({ version: 2, winners: [], settings: [{ ...best, device: 'another machine' }] });
    expect(inUse()).toBe('after a while');
    const ms = { ...best.ms, tomorrow: 0 };
    importTuning({ version: 2, winners: [], settings: [{ ...best, fastest: 'tomorrow', ms }] });
    const { inUse: holds, reason } = explain(request).setting!;
    expect(holds).toBe('after a while');
    expect(reason).toMatch(/^'tomorrow' was measured on .*, and is none here$/);
  });

  it('are measured on what they concern, and not anew on what is lighter', async () => {
    await tune([DEPTHWISE], { samples: 1 });
    expect(exportTuning().settings).toBeUndefined();
    await tune([request], { samples: 1 });
    const { settings } = exportTuning();
    await tune([LIGHT], { samples: 1 });
    expect(exportTuning().settings).toEqual(settings);
  });

  it('hold as before when all fail and tuning breaks off, which is said of each', async () => {
    let message = '';
    const broken = changeDescriptor(backend, (own) => ({
      variants: Object.fromEntries(
        EXACT_VARIANTS.map((name) => [
          name,
          {
            ...own.variants[name]!,
            run: (call) => {
              throw new Error(`out of order when set to ${own.settings!.inUse(call.backend)}`);
            },
          },
        ]),
      ),
    }));
    const memory = tf.memory().numTensors;
    // The filter gradient has run by then.
    const passes = ['filter gradient', 'forward'] as const;
    const { warn } = console;
    const warnings: string[] = [];
    console.warn = (text: string) => void warnings.push(text);
    await tune([request], { samples: 1, passes })
      .catch((error: Error) => (message = error.message))
      .finally(() => (console.warn = warn));
    const failed = (name: string): string =>
      `'${name}' failed at when to begin, x [1,5,6,6] and filter [3,4,10,6]: out of order when set to ${name}`;
    expect(warnings).toEqual([`tfjs-conv2d-transpose: tune leaves one out; ${failed('after a while')}`]);
    expect(message).toBe(`tune: nobody is left to measure; ${failed('at once')}`);
    expect(inUse()).toBe('after a while');
    expect(tf.memory().numTensors).toBe(memory);
    broken();
  });

  it('are left out of the race where the kernels cannot run with them', async () => {
    const other = tf.backend();
    const narrow = changeDescriptor(backend, (own) => ({
      settings: { ...own.settings!, names: () => ['after a while', 'at once', 'never'] },
      backpropFilter: {
        ...own.backpropFilter,
        supports: (g, on) =>
          own.settings!.inUse(other) === 'at once'
            ? { supported: false, reason: 'it takes its time' }
            : own.backpropFilter.supports(g, on),
      },
    }));
    try {
      const [, gradient] = await tune([request], { samples: 1, passes: ['forward', 'filter gradient'] });
      expect(gradient.fastest).toBe('ours');
      expect(Object.keys(exportTuning().settings![0].ms)).toEqual(['after a while', 'never']);
      expect(inUse()).toBe('after a while');
    } finally {
      clearTuning();
      narrow();
    }
  });

  it('are refused where they are none', async () => {
    await tune([request], { samples: 1 });
    const { winners, settings } = exportTuning();
    const [best] = settings!;
    clearTuning();
    const given = (wrong: unknown): Tuning => ({ version: 2, winners, settings: wrong }) as Tuning;
    expect(() => importTuning(given('at once'))).toThrowError(/settings must be an array, but was "at once"/);
    for (const wrong of [null, {}, { ...best, device: '' }, { ...best, ms: { soon: 1 } }, { ...best, geometry: {} }])
      expect(() => importTuning(given([wrong]))).toThrowError(/this is no setting: /);
    expect(exportTuning().winners).toEqual([]);
  });
}

/** How those begin that backends have themselves, by their places; on webgpu the adapter decides which comes first. */
const OWN: Readonly<Record<string, readonly (readonly [at: number | undefined, begin: string])[]>> = {
  // Of 8, 4 and 2 targets.
  webgl: [
    [0, '2 × 4'],
    [1, '1 × 4'],
    [3, '1 × 2'],
  ],
  webgpu: [
    [undefined, 'an invocation'],
    [undefined, 'a workgroup'],
  ],
};

describeOnEveryBackend(
  'settings of its own',
  ({ backend }) => {
    afterEach(clearTuning);

    it('are measured, kept and shown; with each, results are right', async () => {
      await tune([request], { samples: 1, passes: ['forward', 'filter gradient'] });
      const { contenders } = explain(request).setting!;
      const names = Object.keys(contenders);
      for (const [at, begin] of OWN[backend]) {
        const found = names.findIndex((name) => name.startsWith(begin));
        if (at === undefined) expect(found).toBeGreaterThanOrEqual(0);
        else expect(found).toBe(at);
      }
      expect(Object.values(contenders).every(({ measuredMs }) => measuredMs! > 0)).toBe(true);
      const [best] = exportTuning().settings!;
      expect([best.backend, names.includes(best.fastest)]).toEqual([backend, true]);
      const { x, filter, dy } = randomOperands(LAYER, 'settings');
      for (const fastest of names) {
        importTuning({ version: 2, winners: [], settings: [{ ...best, fastest }] });
        expect(explain(request).setting!.inUse).toBe(fastest);
        expect(mismatch(runForward(LAYER, x, filter, 'subpixel'), oracle.forward(LAYER, x, filter))).toBe('');
        expect(mismatch(runBackpropInput(LAYER, dy, filter), oracle.backpropInput(LAYER, dy, filter))).toBe('');
        expect(mismatch(runBackpropFilter(LAYER, x, dy), oracle.backpropFilter(LAYER, x, dy))).toBe('');
      }
      clearTuning();
      expect(explain(request).setting!.inUse).toBe(names[0]);
    });
  },
  (on) => hasKernels(on) && on.backend in OWN && !isVariation(on),
);
