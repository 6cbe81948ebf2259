// SPDX-License-Identifier: Apache-2.0
/** Floats of integers: tfjs casts a tensor by its name alone, and its buffer holds integers still. */
import type { ProgramSource } from './program';

export const FLOATS: ProgramSource = {
  key: 'floats',
  inputs: [{ name: 'integers', lanes: 1 }],
  outputLanes: 1,
  integers: ['floats'],
  code: () => `
fn main(index: i32) {
  if (index < uniforms.floats) { result[index] = f32(integers[index]); }
}`,
};
