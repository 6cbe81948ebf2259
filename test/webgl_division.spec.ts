// SPDX-License-Identifier: Apache-2.0
/** How programs divide integers, by floats (kernels/webgl/drawing/program): exactly, as far as they say. */
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import * as tf from '@tensorflow/tfjs-core';
import { Scope } from '../kernels/webgl/drawing/scope';
import { describeOnEveryBackend } from './support/environments';
import { uniform } from './support/random';

/** Fragments, and numbers that each divides. */
const FRAGMENTS = 512;
const PER_FRAGMENT = 2048;
const SHORT = 2 ** 20;

/** Writes how many quotients are wrong, of numbers a from `first` on, `step` apart, by b. */
const CHECK = {
  key: 'test of division',
  fragment: () => `uniform int first, step, b;
layout(location = 0) out vec4 value;
void main() {
  float wrong = 0.;
  for (int n = 0; n < ${PER_FRAGMENT}; n++) {
    int a = first + step * (int(gl_FragCoord.x) * ${PER_FRAGMENT} + n);
    int rest = a - quotient(a, b) * b;
    if (rest < 0 || rest >= b) wrong++;
  }
  value = vec4(min(wrong, 1.), 0., 0., 0.);
}`,
};

const DIVISORS = [1, 2, 3, 5, 7, 11, 60, 127, 255, 641, 1023, 4097, 16383, 65537, 349525, SHORT - 1, SHORT];

describeOnEveryBackend(
  'division',
  () => {
    /** Fragments of which some quotient is wrong. */
    function wrong(first: number, step: number, b: number, most: number): number {
      const backend = tf.backend() as MathBackendWebGL;
      const info = Scope.run(backend, (scope) => {
        const target = scope.result([1, 1, 1, FRAGMENTS]);
        const passes = [{ viewport: [0, 0, target.width, 1] as const }];
        scope.draw({ source: CHECK, target, textures: {}, uniforms: [{ first, step, b }], most, passes });
        return target;
      });
      const values = tf.engine().makeTensorFromTensorInfo(info);
      const sum = (values.dataSync() as Float32Array).reduce((all, value) => all + value, 0);
      values.dispose();
      return sum;
    }

    it('of all numbers up to 2²⁰ is exact, in the short way', () => {
      const random = [...uniform(8, 'divisors')].map((value) => 1 + Math.floor(Math.abs(value) * SHORT));
      for (const b of [...DIVISORS, ...random]) {
        expect(`${b}: ${wrong(0, 1, b, SHORT)}`).toBe(`${b}: 0`);
        expect(`${b}: ${wrong(SHORT, 1, b, SHORT + 1)}`).toBe(`${b}: 0`);
      }
    });

    it('of numbers up to 2²⁸ is exact in the other way', () => {
      for (const b of DIVISORS) expect(`${b}: ${wrong(0, 255, b, Infinity)}`).toBe(`${b}: 0`);
      for (const b of DIVISORS) expect(`${b}: ${wrong(2 ** 28 - SHORT, 1, b, Infinity)}`).toBe(`${b}: 0`);
    });
  },
  ({ backend, withoutKernels, isVariation }) => backend === 'webgl' && withoutKernels === undefined && !isVariation,
);
