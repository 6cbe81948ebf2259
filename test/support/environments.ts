// SPDX-License-Identifier: Apache-2.0
/** The backends that a runner's set-up file has made available; specs run over all of them. */
import * as tf from '@tensorflow/tfjs-core';
import type { Variant } from '../../src';
import { EXACT_VARIANTS } from '../../src/contract';
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
  /** Whether times are predicted there. Default: they are. */
  isCalibrated?: boolean;
  /** The titles of the specs that are tried there. Default: all. */
  specs?: readonly string[];
  /** Why no kernel of ours runs there, if none does; then the op is composed of core ops. */
  withoutKernels?: string;
  setUp?(): void | Promise<void>;
  tearDown?(): void | Promise<void>;
}

export const environments: Environment[] = [];

/** Prints a text once. */
function explain(text: string): void {
  if (!explained.has(text)) console.warn(text);
  explained.add(text);
}
const explained = new Set<string>();

/** Their every sum keeps the oracle's bound; winograd*.spec.ts have the other variant. */
export { EXACT_VARIANTS };

/** Those that can be asked for by name in an environment; else 'auto' alone, with the reason printed. */
export function variantsOn({ name, withoutKernels }: Environment): readonly (Variant | 'auto')[] {
  if (withoutKernels === undefined) return EXACT_VARIANTS;
  explain(`${name}: variants by name are left out; ${withoutKernels}`);
  return ['auto'];
}

/** Whether kernels of ours run in an environment. */
export const hasKernels = ({ withoutKernels }: Environment): boolean => withoutKernels === undefined;
/** Whether an environment draws what it computes, which without a GPU takes its time. */
export const isDrawn = ({ backend }: Environment): boolean => backend === 'webgl';
/** Whether an environment is another setting of one that is tried in full. */
export const isVariation = (environment: Environment): boolean => environment.isVariation === true;
/** Either of both. */
export const isDrawnOrVariation = (environment: Environment): boolean =>
  isDrawn(environment) || isVariation(environment);

/**
 * The rows of a table that are tried in an environment: all of them; where `isTriedLess`, every fifth, which is
 * printed. (Of the pairs of 4 variants with others these are all variants in turn.) By default that is where only some
 * specs are tried, in other settings of a backend, and where the op is composed of core ops. Of these it is
 * every fifteenth: they take thousands of draws for a layer, and fallback.spec.ts tries them on all layers on cpu.
 */
export function rowsOn<T>(
  environment: Environment,
  rows: readonly T[],
  isTriedLess = (on: Environment): boolean => !hasKernels(on) || on.specs !== undefined || isVariation(on),
): readonly T[] {
  if (!isTriedLess(environment)) return rows;
  const [step, which] = hasKernels(environment) ? [5, 'fifth'] : [15, 'fifteenth'];
  explain(`${environment.name}: every ${which} case of some tables, all of which others try`);
  return rows.filter((_, n) => n % step === 0);
}

/** A `describe` for each environment (that is wanted), in which tfjs runs on its backend. */
export function describeOnEveryBackend(
  title: string,
  body: (environment: Environment) => void,
  wanted: (environment: Environment) => boolean = () => true,
): void {
  for (const environment of environments.filter(wanted)) {
    if (environment.specs?.includes(title) ?? true) describeOn(environment, title, body);
  }
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
