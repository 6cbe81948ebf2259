// SPDX-License-Identifier: Apache-2.0
/** The automatic choice: what it would do and why, what `tune` measures, keeps, exports and imports. */
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import {
  type Tuning,
  VARIANTS,
  type Variant,
  clearTuning,
  computeGeometry,
  conv2dTranspose,
  explain,
  exportTuning,
  importTuning,
  tune,
} from '../src';
import { conv2dTranspose as conv2dLayer } from '../src/integrations/layers';
import { describeOnEveryBackend } from './support/environments';
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
  ({ backend }) => {
    afterEach(clearTuning);

    it('says what it would do and why, and does it', async () => {
      let explanation = explain(REQUEST);
      expect(leaked(() => void (explanation = explain(computeGeometry(REQUEST))))).toEqual(NOTHING);
      const { variant, reason, variants } = explanation;
      expect(explanation.backend).toBe(backend);
      expect(reason).toMatch(/^predicted to be fastest of those that can run: [\d.]+ ms/);
      const able = VARIANTS.filter((name) => name !== 'dilate' && variants[name].support.supported);
      const least = able.reduce((a, b) => (variants[b].predictedMs! < variants[a].predictedMs! ? b : a));
      expect(variant).toBe(least);
      expect((await kernelThatRuns()).toLowerCase()).toBe(`conv2dtranspose${variant}`);
    });

    it('runs what was measured or imported, on this backend and device only', async () => {
      const progress: string[] = [];
      const memory = tf.memory().numTensors;
      const [winner] = await tune([REQUEST], {
        samples: 1,
        onProgress: (done, all, found) => void progress.push(`${done}/${all} ${found?.variant}`),
      });
      expect(tf.memory().numTensors).toBe(memory);
      expect(progress).toEqual([`1/1 ${winner.variant}`]);
      expect(Object.keys(winner.ms).sort()).toEqual([...VARIANTS].sort());
      expect(winner.ms[winner.variant]).toBe(Math.min(...Object.values(winner.ms)));
      expect(explain(REQUEST).reason).toContain(`measured to be fastest on ${winner.device}`);
      const exported = JSON.stringify(exportTuning());
      clearTuning();
      expect(exportTuning().winners).toEqual([]);
      for (const variant of VARIANTS) {
        const forged = JSON.parse(exported) as { winners: { variant: Variant; device: string }[] };
        forged.winners[0].variant = variant;
        importTuning(JSON.stringify(forged));
        expect((await kernelThatRuns()).toLowerCase()).toBe(`conv2dtranspose${variant}`);
        clearTuning();
        forged.winners[0].device = 'another machine';
        importTuning(forged as unknown as Tuning);
        expect(explain(REQUEST).reason).toMatch(/^predicted/);
        clearTuning();
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

    it('refuses what is no tuning, and nothing to tune', async () => {
      expect(() => importTuning('{"version":2}')).toThrowError(/no tuning of version 1/);
      const incomplete = { version: 1, winners: [{}] } as unknown as Tuning;
      expect(() => importTuning(incomplete)).toThrowError(/this is no winner: \{\}/);
      let message = '';
      await tune([]).catch((error: Error) => (message = error.message));
      expect(message).toMatch(/nothing to measure/);
    });
  },
  ({ withoutKernels }) => withoutKernels === undefined,
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
  ({ withoutKernels }) => withoutKernels !== undefined,
);
