// SPDX-License-Identifier: Apache-2.0
/**
 * Random geometries × all variants and both adjoints against the oracle. fast-check prints a shrunk counterexample on
 * failure. The same few in every run; `npm run fuzz` tries others for as long as it is told.
 */
import fc from 'fast-check';
import { mismatch } from './support/compare';
import { describeOnEveryBackend, variantsOn } from './support/environments';
import { runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { type Layer, randomOperands } from './support/layer';
import * as oracle from './support/oracle';
import { randomCalls } from './support/random_calls';

const RUNS = 300;
/** A software renderer takes its time; `npm run fuzz` has more, on webgl too. */
const RUNS_ON_WEBGL = 20;
const SEED = 20261120;

const layers = randomCalls.map(({ layer }) => layer);

describeOnEveryBackend('sweep', (environment) => {
  // Core ops compile their shaders anew for every shape: a few geometries take as long there as all of them elsewhere.
  const most = environment.backend === 'webgl' ? RUNS_ON_WEBGL : RUNS;
  const runs = environment.withoutKernels !== undefined ? 5 : environment.isVariation ? Math.ceil(most / 4) : most;
  for (const variant of variantsOn(environment)) {
    it(`${variant} equals the definition on ${runs} random geometries`, () => {
      check((l, { x, filter }) => mismatch(runForward(l, x, filter, variant), oracle.forward(l, x, filter)));
    });
  }

  it(`the input gradient equals the definition on ${runs} random geometries`, () => {
    check((l, { dy, filter }) => mismatch(runBackpropInput(l, dy, filter), oracle.backpropInput(l, dy, filter)));
  });

  it(`the filter gradient equals the definition on ${runs} random geometries`, () => {
    check((l, { x, dy }) => mismatch(runBackpropFilter(l, x, dy), oracle.backpropFilter(l, x, dy)));
  });

  function check(mismatchOf: (l: Layer, operands: ReturnType<typeof randomOperands>) => string): void {
    let checked = 0;
    fc.assert(
      fc.property(layers, (l) => {
        checked++;
        expect(mismatchOf(l, randomOperands(l, `sweep ${SEED} ${JSON.stringify(l)}`))).toBe('');
      }),
      { numRuns: runs, seed: SEED },
    );
    expect(checked).toBeGreaterThanOrEqual(runs);
  }
});
