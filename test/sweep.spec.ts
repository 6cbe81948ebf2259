// SPDX-License-Identifier: Apache-2.0
/**
 * Random geometries × all variants and both adjoints against the oracle. fast-check prints the seed and a shrunk
 * counterexample on failure; the environment variable SWEEP_SEED repeats a run, SWEEP_RUNS lengthens it.
 */
import fc from 'fast-check';
import { mismatch } from './support/compare';
import { describeOnEveryBackend, variantsOn } from './support/environments';
import { runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { type Layer, outSize, randomOperands } from './support/layer';
import * as oracle from './support/oracle';

const settings: Record<string, string | undefined> = typeof process === 'undefined' ? {} : process.env;
const RUNS = Number(settings.SWEEP_RUNS ?? 300);
const SEED = settings.SWEEP_SEED === undefined ? 20261120 : Number(settings.SWEEP_SEED);

const pair = (min: number, max: number): fc.Arbitrary<[number, number]> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

const layers: fc.Arbitrary<Layer> = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    inSize: pair(1, 7),
    kernel: pair(1, 6),
    strides: pair(1, 4),
    dilations: pair(1, 3),
    pads: fc.tuple(...[0, 1, 2, 3].map(() => fc.integer({ min: 0, max: 4 }))) as fc.Arbitrary<Layer['pads']>,
    outputPaddingShare: fc.tuple(
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
    ),
    groups: fc.constantFrom(1, 1, 1, 2, 3, 5),
    inDepth: fc.integer({ min: 1, max: 9 }),
    outDepth: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ outputPaddingShare, groups, inDepth, outDepth, ...rest }) => ({
    ...rest,
    groups,
    inChannels: groups * inDepth,
    outChannels: groups * outDepth,
    outputPadding: [0, 1].map((n) =>
      Math.floor(outputPaddingShare[n] * Math.max(rest.strides[n], rest.dilations[n])),
    ) as [number, number],
  }))
  .filter((l) => outSize(l).every((size) => size >= 1));

describeOnEveryBackend('sweep', (environment) => {
  // Core ops compile their shaders anew for every shape: a few geometries take as long there as all of them elsewhere.
  const runs = environment.withoutKernels === undefined ? RUNS : Math.min(RUNS, 8);
  for (const variant of variantsOn(environment)) {
    it(`${variant} equals the definition on ${runs} random geometries`, () => {
      check(runs, (l, { x, filter }) => mismatch(runForward(l, x, filter, variant), oracle.forward(l, x, filter)));
    });
  }

  it(`the input gradient equals the definition on ${runs} random geometries`, () => {
    check(runs, (l, { dy, filter }) => mismatch(runBackpropInput(l, dy, filter), oracle.backpropInput(l, dy, filter)));
  });

  it(`the filter gradient equals the definition on ${runs} random geometries`, () => {
    check(runs, (l, { x, dy }) => mismatch(runBackpropFilter(l, x, dy), oracle.backpropFilter(l, x, dy)));
  });
});

function check(numRuns: number, mismatchOf: (l: Layer, operands: ReturnType<typeof randomOperands>) => string): void {
  let checked = 0;
  fc.assert(
    fc.property(layers, (l) => {
      checked++;
      expect(mismatchOf(l, randomOperands(l, `sweep ${SEED} ${JSON.stringify(l)}`))).toBe('');
    }),
    { numRuns, seed: SEED },
  );
  expect(checked).toBeGreaterThanOrEqual(numRuns);
}
