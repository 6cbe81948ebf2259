// SPDX-License-Identifier: Apache-2.0
/** How far an infinity or NaN reaches in 'winograd', which mixes neighbours. */
import { isEqual } from './support/compare';
import { describeOnEveryBackend } from './support/environments';
import { runForward } from './support/kernels';
import { layer, outSize, randomOperands } from './support/layer';
import { hasWinograd, runWinogradInput } from './support/winograd';
import { WINOGRAD_LAYERS } from './support/winograd_layers';

describeOnEveryBackend('winograd, not finite', specs, hasWinograd);

function specs(): void {
  // F(2, 2) and F(2, 3) read each pixel for those outputs alone that meet it, F(3, 2) some of them for one more.
  for (const [name, further] of [
    ['several blocks of tiles', 0],
    ['6 × 6, stride 2, where phases share tiles', 0],
    ['several blocks of tiles that phases share', 1],
  ] as const)
    it(`makes NaN of an infinity: ${name} (outputs of a phase beyond the definition: ${further})`, () => {
      const l = WINOGRAD_LAYERS[name];
      const { x, filter } = randomOperands(l, 'winograd, infinity');
      const before = runForward(l, x, filter, 'winograd');
      const [, width] = outSize(l);
      let furthest = 0;
      for (const [row, col] of [
        [4, 7],
        [5, 8],
        [6, 9],
      ]) {
        const spoilt = x.slice();
        spoilt[(row * l.inSize[1] + col) * l.inChannels] = Infinity;
        const after = runForward(l, spoilt, filter, 'winograd');
        expect(after.some(Number.isNaN)).toBe(true);
        for (let at = 0; at < after.length; at++) {
          if (Object.is(after[at], before[at])) continue;
          const pixel = Math.floor(at / l.outChannels);
          const beyond = [Math.floor(pixel / width) - row * l.strides[0], (pixel % width) - col * l.strides[1]].map(
            // The definition has it meet the outputs from −pad to −pad + kernel − 1.
            (away, n) => Math.max(-l.pads[2 * n] - away, away + l.pads[2 * n] - l.kernel[n] + 1) / l.strides[n],
          );
          furthest = Math.max(furthest, ...beyond);
        }
      }
      expect(Math.ceil(furthest)).toBe(further);
    });

  for (const value of [NaN, Infinity]) {
    it(`keeps ${value} of a group in it, of images as of the filter`, () => {
      const l = layer({ inSize: [6, 5], kernel: [4, 4], inChannels: 15, outChannels: 21, groups: 3, batch: 2 });
      const { x, filter, dy } = randomOperands(l, 'winograd, a group');
      const { inChannels, outChannels } = l;
      const forward = (a: Float32Array, w: Float32Array): Float32Array => runForward(l, a, w, 'winograd');
      const gradient = (a: Float32Array, w: Float32Array): Float32Array => runWinogradInput(l, a, w);
      const isMiddle = (at: number, channels: number): boolean => Math.floor(((at % channels) * 3) / channels) === 1;
      const spoilt = (values: Float32Array, channels: number): Float32Array =>
        values.map((v, at) => (isMiddle(at, channels) ? value : v));
      const check = (before: Float32Array, after: Float32Array, channels: number): void => {
        expect(after.some((v, at) => isMiddle(at, channels) && Number.isNaN(v))).toBe(true);
        expect(isEqual(after, (at) => (isMiddle(at, channels) ? after[at] : before[at]))).toBe(true);
      };
      check(forward(x, filter), forward(spoilt(x, inChannels), filter), outChannels);
      check(forward(x, filter), forward(x, spoilt(filter, inChannels)), outChannels);
      check(gradient(dy, filter), gradient(spoilt(dy, outChannels), filter), inChannels);
      check(gradient(dy, filter), gradient(dy, spoilt(filter, inChannels)), inChannels);
    });
  }
}
