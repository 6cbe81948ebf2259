// SPDX-License-Identifier: Apache-2.0
/** What the comparison lab compares: plans in addresses, and layers of one's own. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  EXAMPLE,
  NUMBERS,
  type OwnLayer,
  formatOwnLayer,
  parseOwnLayer,
  workloadOf,
} from '../../examples/compare/own_layer';
import { CONTENDERS, DEFAULT_PLAN, formatPlan, parsePlan, planWithin } from '../../examples/compare/plan';
import { PASSES } from '../../src/contract';

const anyNumber = fc.integer({ min: 0, max: 999 });
type Numbers = Record<(typeof NUMBERS)[number], typeof anyNumber>;
const ownLayer: fc.Arbitrary<OwnLayer> = fc.record({
  name: fc.stringMatching(/^[a-z0-9 /_.-]{1,12}$/),
  pad: fc.constantFrom('same', 'valid', '0', '2'),
  ...(Object.fromEntries(NUMBERS.map((key) => [key, anyNumber])) as Numbers),
});

describe('the address', () => {
  it('holds a whole plan', () => {
    fc.assert(
      fc.property(
        fc.record({
          backends: fc.subarray(['cpu', 'webgl', 'one-of-tomorrow']),
          contenders: fc.subarray([...CONTENDERS]),
          passes: fc.subarray([...PASSES]),
          workloads: fc.subarray(['dcgan-g1', 'hand', 'ae-train']),
          own: fc.array(ownLayer, { maxLength: 3 }),
          seconds: fc.constantFrom(0.2, 2, 60),
        }),
        (plan) => expect(parsePlan(formatPlan(plan))).toEqual(plan),
      ),
      { seed: 6 },
    );
  });

  it('without a plan gives the default; with nonsense, what can be understood', () => {
    expect(parsePlan('')).toEqual(DEFAULT_PLAN);
    expect(parsePlan('?backends=cpu,tpu&seconds=-3&own=nonsense&own=a:1.2&layers=hand')).toEqual({
      ...DEFAULT_PLAN,
      backends: ['cpu', 'tpu'],
      workloads: ['hand'],
    });
  });

  it('may name any backend; those that the browser has not are dropped', () => {
    const plan = parsePlan('?backends=webgpu,cpu,cpu,tpu');
    expect(plan.backends).toEqual(['webgpu', 'cpu', 'tpu']);
    expect(planWithin(plan, ['cpu', 'wasm', 'webgpu'])).toEqual({ ...plan, backends: ['webgpu', 'cpu'] });
  });
});

describe('a layer of one’s own', () => {
  it('comes back from its text', () => {
    fc.assert(
      fc.property(ownLayer, (layer) => expect(parseOwnLayer(formatOwnLayer(layer))).toEqual(layer)),
      { seed: 7 },
    );
  });

  it('becomes a workload, or an error that says what would do', () => {
    const { geometry, flops, pad } = workloadOf(EXAMPLE);
    expect([geometry.outHeight, geometry.outWidth, pad]).toEqual([32, 32, 'same']);
    // 4 taps for each of 32 × 32 cells, less those that lie outside: (2·32 − 2)² pairs.
    expect(flops).toBe(2 * 62 * 62 * 32 * 16);
    expect(() => workloadOf({ ...EXAMPLE, pad: '17' })).toThrow(RangeError);
    expect(() => workloadOf({ ...EXAMPLE, groups: 5 })).toThrow(/groups|filter/);
    const padded = workloadOf(parseOwnLayer('padded:1.16.16.32.16.3.3.2.2.1.1.1.1.1.same')!);
    expect(JSON.stringify(padded.pad)).toBe('[[0,0],[0,1],[0,1],[0,0]]');
  });
});
