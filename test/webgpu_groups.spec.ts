// SPDX-License-Identifier: Apache-2.0
/**
 * Groups of few channels on webgpu (kernels/webgpu/programs/direct): rows that runs of pixels fill, and rows that they
 * don't, as both kinds of devices have them, whichever of them the adapter of this machine is.
 */
import { mismatch } from './support/compare';
import { type Environment, describeOnEveryBackend } from './support/environments';
import { runBackpropInput, runForward } from './support/kernels';
import { type Layer, layer, randomOperands } from './support/layer';
import * as oracle from './support/oracle';
import { programsOf, setTiles } from './support/webgpu_backend';

/** Layers whose rows are as wide as asked for, in x and in each phase of y: all are large enough for runs. */
const SIMULATED: Readonly<Record<string, (width: number) => Layer>> = {
  depthwise: (width) =>
    layer({ inSize: [23, width], inChannels: 32, outChannels: 32, groups: 32, pads: [1, 0, 0, 1], batch: 2 }),
  'groups of 2 in, 1 out': (width) =>
    layer({ inSize: [23, width], inChannels: 12, outChannels: 6, groups: 6, pads: [1, 0, 0, 1], batch: 2 }),
  'depthwise, a large stride, phases without taps': (width) =>
    layer({
      ...{ inSize: [12, width], inChannels: 16, outChannels: 16, groups: 16, kernel: [4, 5], pads: [2, 7, 2, 10] },
      ...{ strides: [6, 6], dilations: [4, 4], outputPadding: [1, 1], batch: 8 },
    }),
};
const REAL: Readonly<Record<string, (width: number) => Layer>> = {
  'groups of 2 in, 1 out': (width) =>
    layer({ inSize: [64, width], inChannels: 128, outChannels: 64, groups: 64, pads: [1, 0, 0, 1], batch: 4 }),
};

/** Pixels of a run, by the width of rows: the longest of 8, 4 and 1 of which rows fill seven tenths. */
const RUNS: ReadonlyMap<number, number> = new Map([
  ...[1, 2, 5].map((width) => [width, 1] as const),
  ...[3, 4, 9, 10, 11].map((width) => [width, 4] as const),
  ...[6, 7, 8, 12, 13, 14, 15, 16, 17, 18, 19, 20].map((width) => [width, 8] as const),
]);

describeOnEveryBackend('webgpu, groups of few channels', specs, (environment) => environment.name === 'webgpu');

function specs({ specs: some }: Environment): void {
  // Where only some suites are tried, so are some of these: a CPU takes seconds to compile for them.
  const isPart = some !== undefined;
  for (const [by, layers, widths] of [
    ['an invocation', SIMULATED, isPart ? [5, 7, 9] : [...RUNS.keys()]],
    ['a workgroup', REAL, isPart ? [] : [8, 9]],
  ] as const) {
    if (widths.length === 0) continue;
    describe(`tiles by ${by}`, () => {
      beforeAll(() => setTiles(by));
      afterAll(() => setTiles());

      for (const [what, ofWidth] of Object.entries(layers).slice(0, isPart ? 1 : undefined)) {
        for (const width of widths) {
          it(`compute ${what}, rows of ${width}`, () => {
            const l = ofWidth(width);
            const { x, filter, dy } = randomOperands(l, what);
            const names = programsOf(() => {
              expect(mismatch(runForward(l, x, filter, 'subpixel'), oracle.forward(l, x, filter))).toBe('');
              expect(mismatch(runBackpropInput(l, dy, filter), oracle.backpropInput(l, dy, filter))).toBe('');
            });
            const runs = names.flatMap((name) => /^direct correlation (\d)/.exec(name)?.[1] ?? []).map(Number);
            expect([...new Set(runs)]).toEqual([RUNS.get(width)!]);
          });
        }
      }
    });
  }
}
