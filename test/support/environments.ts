// SPDX-License-Identifier: Apache-2.0
/** The backends that a runner's set-up file has made available; specs run over all of them. */
import * as tf from '@tensorflow/tfjs-core';
import { VARIANTS, type Variant } from '../../src';
import { setPrecision } from './compare';

export interface Environment {
  name: string;
  backend: string;
  /** Bits of its floats. Default: 32. */
  precision?: 16 | 32;
  /** Whether it has neither complex numbers nor strings. */
  onlyNumbers?: boolean;
  /** Another setting of a backend that is tried in full elsewhere: what takes long is tried less here. */
  isVariation?: boolean;
  /** Why no kernel of ours runs there, if none does; then the op is composed of core ops. */
  withoutKernels?: string;
  setUp?(): void | Promise<void>;
  tearDown?(): void | Promise<void>;
}

export const environments: Environment[] = [];

/** The variants that can be asked for by name in an environment; else 'auto' alone, with the reason printed. */
export function variantsOn({ name, withoutKernels }: Environment): readonly (Variant | 'auto')[] {
  if (withoutKernels === undefined) return VARIANTS;
  if (!explained.has(name)) console.warn(`${name}: variants by name are left out; ${withoutKernels}`);
  explained.add(name);
  return ['auto'];
}
const explained = new Set<string>();

/** A `describe` for each environment (that is wanted), in which tfjs runs on its backend. */
export function describeOnEveryBackend(
  title: string,
  body: (environment: Environment) => void,
  wanted: (environment: Environment) => boolean = () => true,
): void {
  for (const environment of environments.filter(wanted)) describeOn(environment, title, body);
}

/** A `describe` in which tfjs runs in an environment, which need not be one of those of the runner. */
export function describeOn(environment: Environment, title: string, body: (environment: Environment) => void): void {
  describe(`${title} [${environment.name}]`, () => {
    beforeAll(async () => {
      setPrecision(environment.precision ?? 32);
      await environment.setUp?.();
      // Else the specs would run, and pass, on the backend before it.
      if (!(await tf.setBackend(environment.backend))) throw new Error(`There is no backend ${environment.backend}`);
      await tf.ready();
    });
    afterAll(async () => {
      await environment.tearDown?.();
      setPrecision(32);
    });
    body(environment);
  });
}
