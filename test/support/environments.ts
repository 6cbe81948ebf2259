// SPDX-License-Identifier: Apache-2.0
/** The backends that a runner's set-up file has made available; specs run over all of them. */
import * as tf from '@tensorflow/tfjs-core';

export interface Environment {
  name: string;
  backend: string;
  setUp?(): void | Promise<void>;
  tearDown?(): void | Promise<void>;
}

export const environments: Environment[] = [];

/** A `describe` for each environment, in which tfjs runs on its backend. */
export function describeOnEveryBackend(title: string, body: (environment: Environment) => void): void {
  for (const environment of environments) {
    describe(`${title} [${environment.name}]`, () => {
      beforeAll(async () => {
        await environment.setUp?.();
        await tf.setBackend(environment.backend);
        await tf.ready();
      });
      afterAll(async () => {
        await environment.tearDown?.();
      });
      body(environment);
    });
  }
}
