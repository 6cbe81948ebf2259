// SPDX-License-Identifier: Apache-2.0
/** The automatic choice: what it would do and why, what `tune` measures, keeps, exports and imports. */
import * as tf from '@tensorflow/tfjs-core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import {
  type LayersModelLike,
  type TuneOptions,
  type Tuning,
  type Variant,
  clearTuning,
  computeGeometry,
  conv2dTranspose,
  explain,
  exportTuning,
  importTuning,
  install,
  requestsOf,
  tune,
  uninstall,
} from '../src';
import { conv1dTranspose as conv1dLayer, conv2dTranspose as conv2dLayer } from '../src/integrations/layers';
import type { FamilyKernel } from '../src/contract';
import { changeDescriptor } from './support/descriptors';
import { EXACT_VARIANTS, describeOnEveryBackend, hasKernels } from './support/environments';
import { explicitPad } from './support/layer';
import { NOTHING, leaked } from './support/leaks';

const REQUEST = {
  xShape: [1, 6, 5, 8],
  filterShape: [3, 3, 6, 8],
  strides: 2,
  pad: 'same' as const,
};

async function kernelThatRuns(): Promise<string> {
  const [x, filter] = [tf.ones<tf.Rank.R4>([1, 6, 5, 8]), tf.ones<tf.Rank.R4>([3, 3, 6, 8])];
  const { kernelNames } = await tf.profile(() => conv2dTranspose(x, filter, undefined, 2, 'same'));
  tf.dispose([x, filter]);
  return kernelNames.find((name) => name.startsWith('Conv2DTranspose')) ?? 'none';
}

describeOnEveryBackend(
  "'auto'",
  ({ backend, isCalibrated = true }) => {
    afterEach(clearTuning);
    /** Why a variant is taken of which nothing is measured. */
    const unmeasured = isCalibrated
      ? /^predicted to be fastest of those that can run: [\d.]+ ms/
      : /^first of the usual order; .* has no calibrated model/;

    it('says what it would do and why, and does it', async () => {
      let explanation = explain(REQUEST);
      expect(leaked(() => void (explanation = explain(computeGeometry(REQUEST))))).toEqual(NOTHING);
      const { variant, reason, variants } = explanation;
      expect(explanation.backend).toBe(backend);
      expect(reason).toMatch(unmeasured);
      const able = EXACT_VARIANTS.filter((name) => name !== 'dilate' && variants[name].support.supported);
      const least = able.reduce((a, b) => (variants[b].predictedMs! < variants[a].predictedMs! ? b : a));
      expect(variant).toBe(isCalibrated ? least : 'subpixel');
      expect((await kernelThatRuns()).toLowerCase()).toBe(`conv2dtranspose${variant}`);
    });

    it('runs what was measured or imported, on this backend and device only', async () => {
      const progress: string[] = [];
      const memory = tf.memory().numTensors;
      const [winner] = await tune([REQUEST], {
        samples: 1,
        onProgress: (done, all, found) => void progress.push(`${done}/${all} ${found?.fastest}`),
      });
      expect(tf.memory().numTensors).toBe(memory);
      expect(progress).toEqual([`1/1 ${winner.fastest}`]);
      expect(Object.keys(winner.ms).sort()).toEqual([...EXACT_VARIANTS].sort());
      expect(winner.ms[winner.fastest]).toBe(Math.min(...Object.values(winner.ms)));
      expect(explain(REQUEST).reason).toContain(`measured to be fastest on ${winner.device}`);
      const exported = JSON.stringify(exportTuning());
      clearTuning();
      expect(exportTuning().winners).toEqual([]);
      for (const variant of EXACT_VARIANTS) {
        const forged = JSON.parse(exported) as {
          winners: { fastest: Variant; ms: Record<string, number>; device: string }[];
        };
        forged.winners[0].fastest = variant;
        importTuning(JSON.stringify(forged));
        expect((await kernelThatRuns()).toLowerCase()).toBe(`conv2dtranspose${variant}`);
        clearTuning();
        forged.winners[0].device = 'another machine';
        importTuning(forged as unknown as Tuning);
        expect(explain(REQUEST).reason).toMatch(unmeasured);
        clearTuning();
      }
    });

    it('imports what was exported before winners had a pass', async () => {
      const [{ backend: name, device, geometry, ms }] = await tune([REQUEST], { samples: 1 });
      clearTuning();
      const old = { backend: name, device, geometry, ms, variant: 'scatter' };
      importTuning(JSON.stringify({ version: 1, winners: [old] }));
      expect(explain(REQUEST).variant).toBe('scatter');
      const { version, winners } = exportTuning();
      expect([version, winners.length]).toEqual([2, 1]);
      expect([winners[0].pass, winners[0].fastest, 'variant' in winners[0]]).toEqual(['forward', 'scatter', false]);
      // Of version 1, too, with the pass that winners had at last.
      importTuning({ version: 1, winners: [{ ...winners[0], fastest: 'matmul' }] } as unknown as Tuning);
      expect(explain(REQUEST).variant).toBe('matmul');
    });

    it('measures stock where ours are installed, and installed kernels run who won', async () => {
      const g = computeGeometry(REQUEST);
      expect(explain(g).installed.forward).toBeUndefined();
      install({ backends: [backend] });
      try {
        const [winner] = await tune([g], { samples: 1 });
        expect(Object.keys(winner.ms).sort()).toEqual([...EXACT_VARIANTS, 'stock'].sort());
        const { ours: fastest, stock } = { ours: { ...winner.ms, scatter: 1 }, stock: { ...winner.ms, stock: 0 } };
        const run = async (): Promise<string[]> => {
          const [x, filter] = [tf.ones<tf.Rank.R4>([1, 6, 5, 8]), tf.ones<tf.Rank.R4>([3, 3, 6, 8])];
          const { kernelNames } = await tf.profile(() => tf.conv2dTranspose(x, filter, [1, 12, 10, 6], 2, 'same'));
          const own = await tf.profile(() => conv2dTranspose(x, filter, undefined, 2, 'same'));
          tf.dispose([x, filter]);
          return [...kernelNames, ...own.kernelNames];
        };
        importTuning({ version: 2, winners: [{ ...winner, fastest: 'scatter', ms: fastest }] });
        expect(await run()).toContain('Conv2DTransposeScatter');
        const taken = explain(g).installed.forward!;
        expect([taken.kernel, taken.runs]).toEqual(['Conv2DBackpropInput', 'scatter']);
        importTuning({ version: 2, winners: [{ ...winner, fastest: 'stock', ms: stock }] });
        const [installed, own] = [explain(g).installed.forward!, explain(g)];
        expect(installed.runs).toBe('stock');
        expect(installed.reason).toContain('measured to be fastest');
        expect(installed.stock?.measuredMs).toBe(0);
        // Our own op never runs stock's.
        expect(own.variant).toBeDefined();
        expect((await run()).filter((name) => name.startsWith('Conv2DTranspose')).length).toBe(1);
      } finally {
        uninstall();
      }
    });

    it('never leaves to stock what was named, or what stock would compute wrongly', async () => {
      // Under a rounding mode that tfjs's gradients of conv2d forget.
      const [x, w] = [tf.ones<tf.Rank.R4>([1, 7, 7, 1]), tf.ones<tf.Rank.R4>([2, 2, 1, 1])];
      const gradient = (): number[] => {
        const conv = (filter: tf.Tensor): tf.Tensor => tf.conv2d(x, filter as tf.Tensor4D, 2, 0, 'NHWC', 1, 'ceil');
        return tf.tidy(() => [...tf.grad(conv)(w).dataSync()]);
      };
      install({ backends: [backend] });
      try {
        expect(gradient()).toEqual([16, 12, 12, 9]);
        // The convolution's 7 rows become 4: the geometry of what turns 4 into 7 again.
        const pad = explicitPad({ pads: [0, 1, 0, 1] });
        const g = computeGeometry({ xShape: [1, 4, 4, 1], filterShape: [2, 2, 1, 1], strides: 2, pad });
        const [winner] = await tune([g], { samples: 1, passes: ['filter gradient'] });
        const ms = { ...winner.ms, ours: 1, stock: 0 };
        importTuning({ version: 2, winners: [{ ...winner, fastest: 'stock', ms }] });
        const hasStock = winner.ms.stock !== undefined; // Not on wasm.
        expect(explain(g).installed['filter gradient']!.runs).toBe(hasStock ? 'stock' : 'ours');
        expect(gradient()).toEqual([16, 12, 12, 9]);
        install({ backends: [backend], kernels: ['Conv2DBackpropFilter'] });
        const named = explain(g).installed['filter gradient']!;
        expect([named.runs, named.reason]).toEqual(['ours', 'installed by name']);
      } finally {
        uninstall();
        tf.dispose([x, w]);
      }
    });

    it('stops when another backend is set while it reports', async () => {
      const other = 'another cpu';
      tf.registerBackend(other, () => new MathBackendCPU());
      let message = '';
      const requests = [REQUEST, { ...REQUEST, strides: 1 }];
      await tune(requests, { samples: 1, onProgress: () => void tf.setBackend(other) }).catch(
        (error: Error) => (message = error.message),
      );
      expect(message).toMatch(/was being measured; set what you want to tune/);
      await tf.setBackend(backend);
      tf.removeBackend(other);
    });

    it('measures gradients when asked to', async () => {
      const winners = await tune([REQUEST], { samples: 1, passes: ['input gradient', 'filter gradient'] });
      expect(winners.map(({ pass, fastest }) => [pass, fastest])).toEqual([
        ['input gradient', 'ours'],
        ['filter gradient', 'ours'],
      ]);
      let message = '';
      const unknown = { passes: ['backward'] } as unknown as TuneOptions;
      await tune([REQUEST], unknown).catch((error: Error) => (message = error.message));
      expect(message).toMatch(/tune: passes must be one of 'forward', .*, but was 'backward'/);
    });

    it('tunes the layers of a model, plain convolutions too where conv2d is installed', async () => {
      const model = sequential({
        layers: [
          layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', inputShape: [8, 6, 2] }),
          layers.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 2 }),
        ],
      });
      expect((await tune(model, { samples: 1 })).map(({ pass }) => pass)).toEqual(['forward']);
      const within = sequential({ layers: [layers.activation({ activation: 'relu', inputShape: [8, 6, 2] }), model] });
      expect((await tune(within, { samples: 1 })).length).toBe(1);
      install({ backends: [backend], kernels: ['Conv2D'] });
      try {
        const winners = await tune(model, { samples: 1 });
        expect(winners.map(({ pass }) => pass)).toEqual(['forward', 'input gradient']);
        const [, { geometry: g, ms }] = winners;
        // The gradient of what turns [4, 3, 4] into [8, 6, 2].
        expect([g.outHeight, g.outWidth, g.outChannels, g.inHeight, g.inWidth, g.inChannels]).toEqual([
          8, 6, 2, 4, 3, 4,
        ]);
        expect(Object.keys(ms).sort()).toEqual(['ours', 'stock']);
        // Whoever won: it was installed by name.
        expect(explain(g).installed['input gradient']!.runs).toBe('ours');
      } finally {
        uninstall();
        model.dispose();
      }
    });

    it('tunes the layers of a model', async () => {
      const model = sequential({
        layers: [
          conv2dLayer({
            filters: 3,
            kernelSize: 3,
            strides: 2,
            padding: 'same',
            inputShape: [4, 4, 2],
            outputPadding: 1,
          }),
          layers.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 2 }),
          layers.flatten(),
        ],
      });
      const winners = await tune(model, { samples: 1, batch: 2 });
      expect(winners.map(({ geometry: g }) => [g.batch, g.inHeight, g.outHeight, g.outChannels])).toEqual([
        [2, 4, 8, 3],
        [2, 8, 16, 2],
      ]);
      model.dispose();
    });

    it('tunes layers along one dimension, as their calls are', async () => {
      for (const more of [
        { strides: 2, dilationRate: 1 },
        { dilationRate: 2, outputPadding: 1, groups: 2, dataFormat: 'channelsFirst' as const },
      ]) {
        const inputShape = 'groups' in more ? [4, 5] : [5, 4];
        const model = sequential({ layers: [conv1dLayer({ filters: 2, kernelSize: 3, inputShape, ...more })] });
        const [winner] = await tune(model, { samples: 1 });
        expect([winner.geometry.inHeight, winner.geometry.inWidth, winner.geometry.filterHeight]).toEqual([1, 5, 1]);
        importTuning({ version: 2, winners: [{ ...winner, fastest: 'scatter', ms: { ...winner.ms, scatter: 0 } }] });
        const image = tf.ones([1, ...inputShape]);
        const { kernelNames } = await tf.profile(() => model.predict(image) as tf.Tensor);
        expect(kernelNames).toContain('Conv2DTransposeScatter');
        image.dispose();
        model.dispose();
        clearTuning();
      }
    });

    it('says which sizes a model leaves open, and what would do', async () => {
      const up = { filters: 2, kernelSize: 2, strides: 2, name: 'up' };
      const open = sequential({ layers: [layers.conv2dTranspose({ ...up, inputShape: [null, 8, 3] })] });
      const [request] = requestsOf(open, 4);
      expect([request.name, request.xShape]).toEqual(['up', [4, 0, 8, 3]]);
      const messageOf = async (model: LayersModelLike): Promise<string> =>
        tune(model, { samples: 1 }).then(String, (error: Error) => error.message);
      expect(await messageOf(open)).toMatch(
        /leaves open what 'up' gets: \[1,\?,8,3\]\. Give it an inputShape of numbers/,
      );
      // As it says.
      const sizes = { ...request, xShape: [1, 8, 8, 3], outputShape: undefined };
      expect((await tune([sizes], { samples: 1 }))[0].geometry.outHeight).toBe(16);
      open.dispose();
    });

    it('refuses what is no tuning, and nothing to tune', async () => {
      for (const unknown of ['{"version":3,"winners":[]}', '{"version":2}', 'null'])
        expect(() => importTuning(unknown)).toThrowError(/no tuning of version 1 or 2/);
      for (const [version, winner] of [
        [1, {}],
        [2, {}],
        [1, { variant: 'subpixel' }],
        [2, undefined],
      ] as const)
        expect(() => importTuning({ version, winners: [winner] } as unknown as Tuning)).toThrowError(
          /this is no winner: /,
        );
      let message = '';
      await tune([]).catch((error: Error) => (message = error.message));
      expect(message).toMatch(/nothing to measure/);
      expect(() => requestsOf(null as never, 1)).toThrowError(/takes a layers model, but was given null/);
      expect(() => requestsOf({ layers: [] }, -1)).toThrowError(/requestsOf: batch must be an integer of at least 1/);
    });
  },
  hasKernels,
);

describeOnEveryBackend(
  'tune',
  ({ backend }) => {
    it('judges nobody by a first call, which may compile', async () => {
      const called = new Set<string>();
      const restore = changeDescriptor(backend, ({ variants }) => ({
        variants: Object.fromEntries(
          Object.entries(variants).map(([name, kernel]): [string, FamilyKernel] => {
            const run: FamilyKernel['run'] = (call) => {
              const end = performance.now() + (name !== 'scatter' && !called.has(name) ? 150 : 0);
              called.add(name);
              while (performance.now() < end);
              return kernel.run(call);
            };
            return [name, { ...kernel, run }];
          }),
        ),
      }));
      const [{ ms }] = await tune([REQUEST], { samples: 1 }).finally(() => {
        restore();
        clearTuning();
      });
      expect(Object.keys(ms).sort()).toEqual([...EXACT_VARIANTS].sort());
      for (const variant of EXACT_VARIANTS) expect(ms[variant]).toBeLessThan(150);
    });
  },
  ({ backend, isVariation: varies = false }) => backend === 'cpu' && !varies,
);

describeOnEveryBackend(
  "'auto' without kernels",
  ({ backend }) => {
    it('says that the op is composed of core ops', () => {
      const { variant, reason } = explain(REQUEST);
      expect(variant).toBeUndefined();
      expect(reason).toContain(`no variant can run on backend '${backend}'`);
    });
  },
  (environment) => !hasKernels(environment),
);
