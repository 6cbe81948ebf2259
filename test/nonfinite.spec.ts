// SPDX-License-Identifier: Apache-2.0
/**
 * NaN and infinities go where the definition sends them. 'dilate' is an exception, and 'winograd', whose tiles they
 * spread over (winograd_nonfinite.spec.ts); so are the zeros around an image on webgl and webgpu, of which the README
 * tells.
 */
import { mismatch } from './support/compare';
import { describeOnEveryBackend, rowsOn, variantsOn } from './support/environments';
import { runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { type Layer, layer, randomOperands } from './support/layer';
import * as oracle from './support/oracle';

const LAYERS: Record<string, Layer> = {
  'stride 2': layer({ pads: [1, 0, 0, 1], inChannels: 8, outChannels: 9 }),
  'dilation 2': layer({ dilations: [2, 2], strides: [3, 3] }),
  'groups 2': layer({ groups: 2, inChannels: 4, outChannels: 6 }),
};
/** Without zeros around an image; of channels that fill no vector. */
const ODD = layer({ kernel: [2, 2], strides: [2, 2], inChannels: 9, outChannels: 5 });

/** Which element is not finite. */
type Place = (length: number) => number;
const middle: Place = (length) => Math.floor(length / 2);
const PLACES: Record<string, Place> = { first: () => 0, middle, last: (length) => length - 1 };

describeOnEveryBackend('NaN and infinities', (environment) => {
  const exact = variantsOn(environment).filter((variant) => variant !== 'dilate');
  const values = environment.precision === 16 ? [NaN] : [NaN, Infinity, -Infinity];
  const pairs = [
    ...Object.entries(LAYERS).flatMap(([name, l]) => values.map((value) => ({ name, l, value, place: middle }))),
    ...Object.entries(PLACES).flatMap(([at, place]) =>
      values.map((value) => ({ name: `odd channels, ${at}`, l: ODD, value, place })),
    ),
  ];
  for (const { name, l, value, place } of rowsOn(environment, pairs)) {
    const operands = randomOperands(l, `${name} ${value}`);
    const put = (array: Float32Array): Float32Array => array.map((v, at) => (at === place(array.length) ? value : v));
    const [x, filter, dy] = [put(operands.x), put(operands.filter), put(operands.dy)];

    for (const variant of exact) {
      it(`${variant}: ${value} in x, and in the filter, ${name}`, () => {
        const check = (a: Float32Array, b: Float32Array): void =>
          expect(mismatch(runForward(l, a, b, variant), oracle.forward(l, a, b))).toBe('');
        check(x, operands.filter);
        check(operands.x, filter);
      });
    }

    it(`the gradients: ${value} in x, in the filter and in dy, ${name}`, () => {
      const checkInput = (a: Float32Array, b: Float32Array): void =>
        expect(mismatch(runBackpropInput(l, a, b), oracle.backpropInput(l, a, b))).toBe('');
      checkInput(dy, operands.filter);
      checkInput(operands.dy, filter);
      const checkFilter = (a: Float32Array, b: Float32Array): void =>
        expect(mismatch(runBackpropFilter(l, a, b), oracle.backpropFilter(l, a, b))).toBe('');
      checkFilter(x, operands.dy);
      checkFilter(operands.x, dy);
    });
  }

  if (environment.withoutKernels !== undefined) return; // There is no dilate to ask for.
  it('dilate multiplies the filter by inserted zeros: an infinite weight makes NaN in pixels it does not reach', () => {
    const l = LAYERS['stride 2'];
    const { x, filter } = randomOperands(l, 'dilate');
    filter[0] = Infinity;
    const truth = oracle.forward(l, x, filter).values;
    const dilated = runForward(l, x, filter, 'dilate');
    const spoilt = dilated.filter((v, at) => Number.isNaN(v) && !Number.isNaN(truth[at]));
    expect(spoilt.length).toBeGreaterThan(0);
    x[0] = NaN;
    const finite = randomOperands(l, 'dilate').filter;
    expect(mismatch(runForward(l, x, finite, 'dilate'), oracle.forward(l, x, finite))).toBe('');
  });
});
