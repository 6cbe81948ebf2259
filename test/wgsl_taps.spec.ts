// SPDX-License-Identifier: Apache-2.0
/** The taps of a phase as WGSL finds them (kernels/webgpu/programs/taps): those of src/geometry/phases, on any axis. */
import { QUOTIENT } from '../kernels/webgpu/programs/program';
import { tapsCode } from '../kernels/webgpu/programs/taps';
import type { Axis } from '../src/geometry/axis';
import { tapSpacing } from '../src/geometry/phases';
import { type Taps, tapsOfPhases } from '../src/geometry/taps';

type PhaseTaps = (first: number, stride: number, pad: number, dilation: number, kernel: number, step: number) => Taps;

/** The very code of the programs, as JavaScript: numbers here hold what i32 does, and round quotients as f32 does. */
function played(): PhaseTaps {
  const [, phaseTaps] = /(fn phaseTaps[^]*?\n\})/.exec(tapsCode(true))!;
  const code = `${QUOTIENT}\n${phaseTaps}`
    .replace(/fn (\w+)\((.*?)\) -> \w+/g, (_, name: string, list: string) => `function ${name}(${list})`)
    .replace(/: i32\b/g, '')
    .replace(/\blet\b/g, 'const')
    .replace(/\bvar\b/g, 'let');
  const members = {
    i32: Math.trunc,
    f32: Math.fround,
    min: Math.min,
    select: (no: number, yes: number, condition: boolean): number => (condition ? yes : no),
    Taps: (count: number, offset: number, offsetStep: number, tap: number, tapStep: number): Taps => ({
      ...{ count, offset, offsetStep, tap, tapStep },
    }),
  };
  const made = new Function(...Object.keys(members), `${code}\nreturn phaseTaps;`) as (...of: unknown[]) => PhaseTaps;
  return made(...Object.values(members));
}

/** Tap of the filter, and how far from the pixel it reads. */
const met = ({ count, offset, offsetStep, tap, tapStep }: Taps): number[][] =>
  Array.from({ length: count }, (_, n) => [tap + n * tapStep, offset + n * offsetStep]);

describe('taps of phases in WGSL', () => {
  const phaseTaps = played();
  const upTo = (most: number, least = 1): number[] => Array.from({ length: most + 1 - least }, (_, n) => least + n);
  const SIZES = { stride: [...upTo(9), 16, 100], dilation: [...upTo(9), 16, 100], kernel: [1, 2, 3, 4, 7, 16] };

  for (const stride of SIZES.stride) {
    it(`are those of the geometry: stride ${stride}`, () => {
      const axes = SIZES.dilation.flatMap((dilation) =>
        SIZES.kernel.flatMap((kernel) =>
          [0, 1, 2, stride - 1, stride, 3 * stride + 1].map((padBegin): Axis => ({
            ...{ inSize: 5, outSize: stride + 1, kernel, stride, dilation, padBegin, padEnd: 0, outputPadding: 0 },
          })),
        ),
      );
      const wrong = axes.find((axis) => {
        const { dilation, kernel, padBegin } = axis;
        const { step } = tapSpacing(axis);
        const found = tapsOfPhases(axis).map((_, first) => phaseTaps(first, stride, padBegin, dilation, kernel, step));
        return JSON.stringify(found.map(met)) !== JSON.stringify(tapsOfPhases(axis).map(met));
      });
      expect(wrong).toBe(undefined);
    });
  }
});
