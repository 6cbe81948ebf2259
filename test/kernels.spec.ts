// SPDX-License-Identifier: Apache-2.0
/** Every variant and both adjoints, on every named layer, against the oracle; then the adjoint identities. */
import { CASES } from './support/cases';
import { mismatch } from './support/compare';
import { describeOnEveryBackend, rowsOn, variantsOn } from './support/environments';
import { runBackpropFilter, runBackpropInput, runForward } from './support/kernels';
import { randomOperands } from './support/layer';
import * as oracle from './support/oracle';

describeOnEveryBackend('kernels', (environment) => {
  for (const [name, l] of rowsOn(environment, Object.entries(CASES))) {
    const { x, filter, dy } = randomOperands(l, name);
    for (const variant of variantsOn(environment)) {
      it(`${variant}: ${name}`, () => {
        expect(mismatch(runForward(l, x, filter, variant), oracle.forward(l, x, filter))).toBe('');
      });
    }
    it(`input gradient: ${name}`, () => {
      expect(mismatch(runBackpropInput(l, dy, filter), oracle.backpropInput(l, dy, filter))).toBe('');
    });
    it(`filter gradient: ${name}`, () => {
      expect(mismatch(runBackpropFilter(l, x, dy), oracle.backpropFilter(l, x, dy))).toBe('');
    });
    it(`adjoint identities: ${name}`, () => {
      // ⟨T(x, w), g⟩ = ⟨x, Tx*(g, w)⟩ = ⟨w, Tw*(x, g)⟩: three ways to one number, the trilinear form.
      const form = inner(runForward(l, x, filter, 'auto'), dy);
      const scale = inner(oracle.forward(l, x.map(Math.abs), filter.map(Math.abs)).bound, dy.map(Math.abs));
      for (const other of [inner(x, runBackpropInput(l, dy, filter)), inner(filter, runBackpropFilter(l, x, dy))]) {
        expect(Math.abs(form - other)).toBeLessThanOrEqual(
          (environment.precision === 16 ? 2 ** -10 : 2 ** -23) * scale,
        );
      }
    });
  }
});

function inner(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at] * b[at];
  return sum;
}
