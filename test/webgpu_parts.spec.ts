// SPDX-License-Identifier: Apache-2.0
/** Sums that webgpu cuts into parts (kernels/webgpu/parts): how many there are, and what they add up to. */
import * as tf from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { descriptor } from '../kernels/webgpu';
import type { Device } from '../kernels/webgpu/device';
import { cut } from '../kernels/webgpu/parts';
import { type Variant, fused } from '../src';
import { ACTIVATIONS, type Activation } from '../src/contract';
import { mismatch } from './support/compare';
import { type Environment, describeOnEveryBackend } from './support/environments';
import { opArguments, runBackpropInput, runForward } from './support/kernels';
import { type Layer, filterShape, layer, randomOperands, xShape, yShape } from './support/layer';
import * as oracle from './support/oracle';
import { activate, biased, leaky } from './support/values';

describe('webgpu, sums in parts: how many', () => {
  const DEVICE: Device = { mostFloats: 2 ** 25, mostWorkgroups: 2 ** 40, tilesBy: 'a workgroup', problem: '' };
  const PRODUCT = { terms: 4096, chunk: 16, workgroups: 16, floats: 2 ** 15, mostParts: 32 };

  for (const [what, product, device, parts, termsOfPart] of [
    ['as many parts as keep a large GPU busy', {}, {}, 16, 256],
    ['no more than are worth it', { mostParts: 3 }, {}, 3, 1376],
    ['one, of a sum that is too short', { terms: 100, mostParts: 0 }, {}, 1, 112],
    ['one, where there are workgroups enough', { workgroups: 256 }, {}, 1, 4096],
    ['none that is empty', { terms: 33, mostParts: 16 }, {}, 3, 16],
    ['no more than are held at once', { floats: 2 ** 21 }, {}, 2, 2048],
    ['no more than a program sees', {}, { mostFloats: 5 * 2 ** 15 }, 5, 832],
    ['one, of a result that is larger than all parts may be', { floats: 2 ** 23 }, {}, 1, 4096],
    ['no more than a dispatch runs', {}, { mostWorkgroups: 64 }, 4, 1024],
    ['parts of which some share a workgroup', { workgroups: 1 / 16, enough: 4, chunk: 1, mostParts: 64 }, {}, 64, 64],
  ] as const) {
    it(what, () => {
      expect(cut({ ...DEVICE, ...device }, { ...PRODUCT, ...product })).toEqual({ parts, termsOfPart });
    });
  }
});

type Pass = Variant | 'input gradient';

/** Layers, and passes of them that are cut. */
const CUT: Readonly<Record<string, readonly [Layer, readonly Pass[]]>> = {
  'channels that lie together, a strided gradient': [
    layer({ inSize: [3, 3], inChannels: 128, outChannels: 36, kernel: [4, 4], pads: [1, 1, 1, 1] }),
    ['subpixel', 'input gradient'],
  ],
  'phases that meet no tap': [
    layer({ inSize: [2, 2], inChannels: 72, outChannels: 4, kernel: [2, 2], dilations: [2, 2], outputPadding: [1, 0] }),
    ['subpixel'],
  ],
  'groups, an odd gradient': [
    layer({ inChannels: 10, outChannels: 86, kernel: [5, 3], strides: [1, 3], pads: [2, 1, 0, 2], groups: 2 }),
    ['input gradient'],
  ],
  'parts for two levels of the tree': [
    layer({ inSize: [1, 1], inChannels: 160, outChannels: 5, kernel: [4, 4], strides: [1, 1] }),
    ['dilate'],
  ],
  'a single tap': [layer({ inSize: [2, 2], inChannels: 260, outChannels: 3, kernel: [2, 2] }), ['matmul']],
  'phases of 4, 2, 2 and 1 taps, batches, odd channels': [
    layer({ inSize: [2, 3], inChannels: 131, outChannels: 7, pads: [1, 0, 0, 1], batch: 2 }),
    ['subpixel'],
  ],
};
/** And one that is not: sums that are added to what is there. */
const WHOLE = layer({ inSize: [2, 2], inChannels: 260, outChannels: 3, kernel: [1, 1] });

describeOnEveryBackend('webgpu, sums in parts', specs, ({ name }) => name === 'webgpu');

function specs({ specs: some }: Environment): void {
  // Where only some suites are tried, so are some of these: a CPU takes seconds to compile for them.
  const isPart = some !== undefined;
  const backend = (): WebGPUBackend => tf.backend() as WebGPUBackend;
  beforeAll(() => descriptor.settings!.use(descriptor.device(backend()), 'a workgroup'));
  afterAll(() => descriptor.settings!.use(descriptor.device(backend()), undefined));

  /** What `body` returns, and the levels of sums of its last product: a gradient has a forward pass first. */
  function counted<T>(body: () => T): { result: T; levels: number } {
    const run = backend().runWebGPUProgram.bind(backend());
    let levels = 0;
    backend().runWebGPUProgram = (program, ...rest) => {
      if (program.shaderKey.startsWith('conv2d-transpose: correlation')) levels = 0;
      if (program.shaderKey.startsWith('conv2d-transpose: partial sums')) levels++;
      return run(program, ...rest);
    };
    try {
      return { result: body(), levels };
    } finally {
      backend().runWebGPUProgram = run;
    }
  }

  /** Computes a pass twice; returns its levels of sums. */
  function levelsOf(pass: Pass, l: Layer, what: string): number {
    const { x, filter, dy } = randomOperands(l, what);
    const run = (): Float32Array =>
      pass === 'input gradient' ? runBackpropInput(l, dy, filter) : runForward(l, x, filter, pass);
    const truth = pass === 'input gradient' ? oracle.backpropInput(l, dy, filter) : oracle.forward(l, x, filter);
    const { result, levels } = counted(run);
    expect(`${pass} ${mismatch(result, truth)}`).toBe(`${pass} `);
    // Whichever part is done first.
    expect(Array.from(run())).toEqual(Array.from(result));
    return levels;
  }

  for (const [what, [l, passes]] of Object.entries(CUT).slice(0, isPart ? 3 : undefined)) {
    it(`computes ${what}`, () => {
      const levels = passes.map((pass) => levelsOf(pass, l, what));
      expect(levels).toEqual(passes.map(() => (what.includes('two levels') ? 2 : 1)));
    });
  }

  it('cuts nothing that is added to what is there', () => {
    expect(levelsOf('scatter', WHOLE, 'whole')).toBe(0);
    expect(levelsOf('matmul', WHOLE, 'whole')).toBe(1);
  });

  for (const [outChannels, activations] of [
    [7, isPart ? (['linear', 'prelu'] as const) : ACTIVATIONS],
    [8, ['relu', 'prelu']],
  ] as const) {
    it(`finishes sums by bias and ${activations.join(', ')}, ${outChannels} channels`, () => {
      const l = layer({ inSize: [2, 2], inChannels: 68, outChannels, batch: 2 });
      const { x, filter } = randomOperands(l, 'finished');
      const [, strides, pad] = opArguments(l, 'subpixel');
      const bias = Float64Array.from({ length: outChannels }, (_, n) => n / 4 - 1);
      const slopes = bias.map((b) => 1 - b);
      const sums = biased({ ...oracle.forward(l, x, filter), shape: yShape(l), terms: 4 * l.inChannels }, bias);
      const truthOf = (activation: Activation): oracle.Truth => {
        if (activation === 'prelu') return leaky(sums, (at) => slopes[at % outChannels]);
        return activation === 'leakyrelu' ? leaky(sums, () => 0.25) : activate(sums, activation);
      };
      for (const activation of activations) {
        const { result, levels } = counted(() =>
          tf.tidy(() =>
            fused
              .conv2dTranspose({
                ...{ x: tf.tensor4d(x, xShape(l)), filter: tf.tensor4d(filter, filterShape(l)), strides, pad },
                ...{ variant: 'subpixel', bias: tf.tensor1d([...bias]), activation, leakyreluAlpha: 0.25 },
                preluActivationWeights: activation === 'prelu' ? tf.tensor1d([...slopes]) : undefined,
              })
              .dataSync<'float32'>(),
          ),
        );
        expect(`${activation} ${levels}: ${mismatch(result, truthOf(activation))}`).toBe(`${activation} 1: `);
      }
    });
  }

  it('gives the buffer of the parts back', () => {
    const [l] = CUT['parts for two levels of the tree'];
    const { x, filter } = randomOperands(l, 'given back');
    const run = (): void => void runForward(l, x, filter, 'subpixel');
    run();
    const before = [backend().memory().numBytesInGPU, backend().numDataIds()];
    for (let n = 0; n < 3; n++) run();
    expect([backend().memory().numBytesInGPU, backend().numDataIds()]).toEqual(before);
  });
}
