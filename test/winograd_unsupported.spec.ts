// SPDX-License-Identifier: Apache-2.0
/** Where 'winograd' can't run, and says so; and the memory that it needs where it can. */
import { compile } from '../kernels/engine/compile';
import { supportsWinograd, takesWinogradInput, winograd, winogradInput } from '../kernels/family/winograd';
import { computeGeometry } from '../src';
import { describeOnEveryBackend, hasKernels } from './support/environments';
import { runForward } from './support/kernels';
import { type Layer, layer, randomOperands, requestOf } from './support/layer';
import { hasWinograd } from './support/winograd';

describeOnEveryBackend('winograd, its limits', specs, hasWinograd);

function specs(): void {
  it('needs at most 16 MB of scratch up to 1024 channels, for any number of threads', () => {
    const at = (size: number, kernel: number, stride: number, inChannels: number, outChannels: number): Layer =>
      layer({ inSize: [size, size], kernel: [kernel, kernel], strides: [stride, stride], inChannels, outChannels });
    const layers = [at(8, 8, 4, 512, 1024), at(6, 6, 3, 1024, 1024), at(64, 9, 3, 1024, 1024)];
    for (const g of [...layers, at(64, 12, 4, 1024, 64)].map((l) => computeGeometry(requestOf(l)))) {
      const plans = supportsWinograd(g).supported ? [winograd(g)] : [];
      if (takesWinogradInput(g, 'winograd')) plans.push(winogradInput(g));
      for (const plan of plans)
        for (const threads of [1, 2, 8])
          expect(compile(plan, 'in place', threads).bytes).toBeLessThanOrEqual(16 * 2 ** 20);
    }
  });

  for (const [what, l, reason] of [
    [
      'a group for each channel',
      layer({ groups: 4, inChannels: 4, outChannels: 4 }),
      /'winograd' cannot run.*each of the 4 channels is a group of its own.*use fewer groups/,
    ],
    ['dilation', layer({ dilations: [2, 1] }), /'winograd' cannot run.*it takes no dilation/],
    ['more taps of a phase than 3', layer({ kernel: [4, 4], strides: [1, 1] }), /4 × 4 taps.*'auto', 'subpixel'/],
    ['phases of one tap', layer({ kernel: [2, 2] }), /a phase has a single tap/],
  ] as const) {
    it(`is refused by name: ${what}`, () => {
      const { x, filter } = randomOperands(l, what);
      expect(() => runForward(l, x, filter, 'winograd')).toThrowError(reason);
    });
  }
}

describeOnEveryBackend(
  'winograd, where there is none',
  () => {
    it('says so', () => {
      const l = layer({ kernel: [4, 4] });
      const { x, filter } = randomOperands(l, 'no winograd');
      expect(() => runForward(l, x, filter, 'winograd')).toThrowError(/'winograd' cannot run.*'auto'/);
    });
  },
  (environment) => hasKernels(environment) && !hasWinograd(environment),
);
