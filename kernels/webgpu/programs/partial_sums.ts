// SPDX-License-Identifier: Apache-2.0
/** Adds up parts of a sum, `FAN_IN` at a time: a tree. [parts][floats] → [⌈parts / FAN_IN⌉][floats]. */
import type { ProgramSource } from './program';

export const FAN_IN = 16;

export const PARTIAL_SUMS: ProgramSource = {
  key: 'partial sums',
  inputs: [{ name: 'terms', lanes: 1 }],
  outputLanes: 1,
  integers: ['floats', 'parts', 'sums'],
  code: () => `
fn main(index: i32) {
  let n = index / uniforms.floats;
  if (n >= uniforms.sums) { return; }
  let at = index - n * uniforms.floats;
  let end = min((n + 1) * ${FAN_IN}, uniforms.parts);
  var sum = 0.;
  for (var part = n * ${FAN_IN}; part < end; part++) { sum += terms[part * uniforms.floats + at]; }
  result[index] = sum;
}`,
};
