// SPDX-License-Identifier: Apache-2.0
/** WebGPU on a device that was made with subgroups, whose invocations read for each other. */
import * as tf from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { registerWithSubgroups } from '../bench/webgpu_subgroups';
import { descriptor } from '../kernels/webgpu';
import { mismatch } from './support/compare';
import { EXACT_VARIANTS, describeOnEveryBackend } from './support/environments';
import { runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { type Layer, layer, randomOperands } from './support/layer';
import * as oracle from './support/oracle';

const backend = (): WebGPUBackend => tf.backend() as WebGPUBackend;
const names = (): readonly string[] => descriptor.settings!.names(backend());
/** What tfjs keeps compiled. */
const programs = (): string =>
  Object.keys((backend() as unknown as { pipelineCache: object }).pipelineCache).join('\n');

/** Tiles of a quad that are full, that are not, and with channels by fours and not. */
const LAYERS: Readonly<Record<string, Layer>> = {
  'full tiles': layer({ inSize: [8, 8], inChannels: 32, outChannels: 32, kernel: [2, 2] }),
  'a pixel and four channels too many': layer({
    ...{ inSize: [5, 13], inChannels: 36, outChannels: 36, kernel: [3, 3], pads: [1, 0, 0, 1] },
  }),
  'odd channels, dilated, a batch': layer({
    ...{ inSize: [7, 6], inChannels: 33, outChannels: 31, kernel: [3, 2], dilations: [2, 1], batch: 2 },
  }),
  'groups, phases without taps': layer({
    ...{ inSize: [9, 8], inChannels: 32, outChannels: 48, groups: 2, kernel: [2, 2], strides: [3, 2] },
  }),
};
/** Of which some products are worth larger tiles, of each shape that there is. */
const LARGE: Readonly<Record<string, Layer>> = {
  'terms by two': layer({ inSize: [24, 25], inChannels: 34, outChannels: 64, kernel: [2, 2] }),
  'as many channels as terms': layer({ inSize: [20, 20], inChannels: 64, outChannels: 64, kernel: [2, 2] }),
  'few pixels': layer({ inSize: [2, 8], inChannels: 64, outChannels: 256, kernel: [3, 3] }),
};
const TILES = ['8 8', '8 16', '16 8', '16 16'];
const KINDS = { 'quad correlation': [...TILES, '26 16'], 'quad filter gradient': TILES };

describeOnEveryBackend('webgpu with subgroups', specs, (environment) => environment.name === 'webgpu');

function specs(): void {
  const factory = tf.findBackendFactory('webgpu')!;
  let isThere = false;
  beforeAll(async () => {
    await tf.setBackend('cpu');
    isThere = await registerWithSubgroups();
    await tf.setBackend('webgpu');
    if (!isThere) console.warn('Skipped: this adapter has no subgroups');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
    tf.removeBackend('webgpu');
    tf.registerBackend('webgpu', factory, 3);
    await tf.setBackend('webgpu');
  });

  it('has four invocations read for each other where subgroups are of four', () => {
    const { features, adapterInfo } = backend().device as GPUDevice & { adapterInfo: GPUAdapterInfo };
    expect(features.has('subgroups')).toBe(isThere);
    const { subgroupMinSize, subgroupMaxSize } = adapterInfo;
    expect(names().includes('four invocations')).toBe(isThere && subgroupMinSize === 4 && subgroupMaxSize === 4);
    expect(descriptor.settings!.inUse(backend())).toBe(names()[0]);
  });

  it('has them not where subgroups may be of another size', () => {
    const { device } = backend();
    for (const [subgroupMinSize, subgroupMaxSize] of [
      [4, 8],
      [8, 8],
      [undefined, undefined],
    ]) {
      const played = {
        features: device.features,
        limits: device.limits,
        adapterInfo: { subgroupMinSize, subgroupMaxSize },
      };
      const other = Object.assign(Object.create(backend()) as WebGPUBackend, { device: played });
      expect(descriptor.settings!.names(other)).toEqual(['a workgroup', 'an invocation']);
    }
  });

  for (const [what, l] of Object.entries({ ...LAYERS, ...LARGE })) {
    const variants = what in LARGE ? (['subpixel', 'matmul'] as const) : EXACT_VARIANTS;
    it(`computes ${variants.join(', ')} and both gradients: ${what}`, () => {
      const { x, filter, dy } = randomOperands(l, what);
      for (const variant of variants)
        expect(mismatch(runForward(l, x, filter, variant), oracle.forward(l, x, filter))).toBe('');
      expect(mismatch(runBackpropInput(l, dy, filter), oracle.backpropInput(l, dy, filter))).toBe('');
      expect(mismatch(runBackpropFilter(l, x, dy), oracle.backpropFilter(l, x, dy))).toBe('');
    });
  }

  it('did so by programs of subgroups', () => {
    if (!names().includes('four invocations')) return;
    for (const [kind, tiles] of Object.entries(KINDS))
      for (const tile of tiles) expect(programs()).toContain(`${kind} ${tile} `);
  });
}
