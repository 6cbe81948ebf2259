// SPDX-License-Identifier: Apache-2.0
/** Adds up parts of a sum, `FAN_IN` at a time: a level of a tree. [parts][floats] → [⌈parts / FAN_IN⌉][floats]. */
import type { Lanes, ProgramSource } from './program';

export const FAN_IN = 16;

const partialSums = (lanes: Lanes): ProgramSource => ({
  key: `partial sums ${lanes}`,
  inputs: [{ name: 'terms', lanes }],
  outputLanes: lanes,
  integers: ['floats', 'parts', 'sums', 'channels'],
  code: () => `
fn main(index: i32) {
  let elements = uniforms.floats / ${lanes};
  let n = index / elements;
  if (n >= uniforms.sums) { return; }
  let at = index - n * elements;
  let end = min((n + 1) * ${FAN_IN}, uniforms.parts);
  var sum = vec4<f32>(0.);
  for (var part = n * ${FAN_IN}; part < end; part++) { sum += vec4<f32>(terms[part * elements + at]); }
  result[index] = finish(sum, (at * ${lanes}) % uniforms.channels)${lanes === 4 ? '' : '.x'};
}`,
});

/** By how many channels lie together. */
export const PARTIAL_SUMS = /* @__PURE__ */ (() => ({ 1: partialSums(1), 4: partialSums(4) }))();
