// SPDX-License-Identifier: Apache-2.0
/**
 * What webgpu's programs compute, of both kinds: those for GPUs (tiles by a workgroup) and those for GPUs that a CPU
 * simulates (tiles by an invocation), whichever of them the adapter of this machine would get.
 */
import { descriptor } from '../kernels/webgpu';
import type { Variant } from '../src';
import { mismatch } from './support/compare';
import { EXACT_VARIANTS, type Environment, describeOnEveryBackend } from './support/environments';
import { runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { type Layer, layer, randomOperands } from './support/layer';
import * as oracle from './support/oracle';
import { TILES_BY, backend, programsOf, setTiles } from './support/webgpu_backend';

const ODD: Readonly<Record<string, Layer>> = {
  'odd channels, dilated': layer({ inChannels: 3, outChannels: 5, dilations: [2, 3], pads: [1, 0, 2, 1] }),
  'small groups, an output padding': layer({ inChannels: 8, outChannels: 12, groups: 4, outputPadding: [1, 0] }),
  'three channels, lines that overlap': layer({
    ...{ inSize: [3, 21], inChannels: 8, outChannels: 3, kernel: [4, 4], pads: [1, 1, 1, 1], batch: 2 },
  }),
  'a few terms more than fours': layer({ inSize: [3, 3], inChannels: 9, outChannels: 7 }),
  'a channel, phases that read the same': layer({
    ...{ inSize: [5, 7], inChannels: 12, outChannels: 1, kernel: [4, 6], pads: [2, 0, 0, 2], batch: 2 },
  }),
  'many channels, images in a row': layer({ inSize: [3, 5], inChannels: 20, outChannels: 36, batch: 3 }),
};

/** Layers, and the programs for GPUs that they are for: what real layers run most. */
const LARGE: Readonly<Record<string, readonly [Layer, readonly string[]]>> = {
  'a few pixels and channels more than tiles of 64 × 32': [
    layer({ inSize: [12, 11], inChannels: 64, outChannels: 72, kernel: [4, 4], pads: [1, 1, 1, 1] }),
    ['correlation 8 8 4 forward', 'correlation 8 8 4 input gradient', 'filter gradient 8 8'],
  ],
  'tiles of 32 × 32': [
    layer({ inSize: [4, 8], inChannels: 64, outChannels: 32, kernel: [2, 2] }),
    ['correlation 8 4 4 forward', 'correlation 8 4 4 input gradient'],
  ],
  'tiles of 32 × 64 for the filter gradient': [
    layer({ inSize: [3, 3], inChannels: 64, outChannels: 8, kernel: [2, 2] }),
    ['filter gradient 16 8'],
  ],
  'tiles of 16 × 64 for the filter gradient': [
    layer({ inSize: [3, 3], inChannels: 64, outChannels: 4, kernel: [2, 2] }),
    ['filter gradient 16 4'],
  ],
};
/** Of more than 16 parts, by either kind of programs. */
const OF_MANY_PARTS = layer({ inSize: [40, 32], inChannels: 4, outChannels: 4, kernel: [1, 1] });

/** Computes a layer by some variants, and both gradients. */
function compute(l: Layer, what: string, variants: readonly Variant[]): void {
  const { x, filter, dy } = randomOperands(l, what);
  for (const variant of variants)
    expect(mismatch(runForward(l, x, filter, variant), oracle.forward(l, x, filter))).toBe('');
  expect(mismatch(runBackpropInput(l, dy, filter), oracle.backpropInput(l, dy, filter))).toBe('');
  expect(mismatch(runBackpropFilter(l, x, dy), oracle.backpropFilter(l, x, dy))).toBe('');
}

describeOnEveryBackend('webgpu, programs', specs, (environment) => environment.name === 'webgpu');

function specs({ specs: some }: Environment): void {
  // Where only some suites are tried, so are some of these: a CPU takes seconds to compile for them.
  const isPart = some !== undefined;
  for (const by of TILES_BY) {
    describe(`tiles by ${by}`, () => {
      beforeAll(() => setTiles(by));
      afterAll(() => setTiles());

      const odd = Object.entries(ODD).filter((_, n) => !isPart || n % TILES_BY.length === TILES_BY.indexOf(by));
      for (const [what, l] of odd) {
        it(`compute all variants and both gradients: ${what}`, () => {
          expect(descriptor.settings!.inUse(backend())).toBe(by);
          compute(l, what, EXACT_VARIANTS);
        });
      }

      if (!isPart || by === 'an invocation') {
        it('compute a filter gradient in parts for two levels of sums', () => {
          const names = programsOf(() => compute(OF_MANY_PARTS, 'parts', []));
          expect(names.filter((name) => name.startsWith('partial sums')).length).toBe(2);
        });
      }

      const large = Object.entries(LARGE);
      for (const [what, [l, wanted]] of isPart ? large.slice(0, by === 'a workgroup' ? 2 : 0) : large) {
        it(`compute ${what}`, () => {
          const names = programsOf(() => compute(l, what, ['subpixel']));
          const missing = wanted.filter((one) => !names.some((name) => name.startsWith(`${one} `)));
          expect(by === 'a workgroup' ? missing : []).toEqual([]);
        });
      }
    });
  }
}
