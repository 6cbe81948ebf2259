// SPDX-License-Identifier: Apache-2.0
/** What scatter does to its result before and after it adds to it. */
import type { ProgramSource } from './program';

const whole = (key: string, code: string): ProgramSource => ({
  key,
  inputs: [],
  outputLanes: 1,
  integers: ['floats', 'channels'],
  code: () => `fn main(index: i32) {
  if (index < uniforms.floats) { ${code} }
}`,
});

/** Writes zeros: a buffer may hold anything. */
export const ZEROS = /* @__PURE__ */ whole('zeros', 'result[index] = 0.;');

/** Finishes sums in place. */
export const FINISH = /* @__PURE__ */ whole(
  'finish',
  'result[index] = finish(vec4<f32>(result[index]), index % uniforms.channels).x;',
);
