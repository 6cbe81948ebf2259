// SPDX-License-Identifier: Apache-2.0
/** Which engine the probe finds where WebAssembly is missing, forbidden, without SIMD, or not compiled at once. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';

import * as tf from '@tensorflow/tfjs-core';
import type * as Engines from '../../kernels/engine/engines';

const real = globalThis.WebAssembly;
afterEach(() => {
  globalThis.WebAssembly = real;
});

const PLAIN = [{ name: 'plain', threads: 1 }];

/** The module as it is when first imported on a platform with this WebAssembly. */
function importedWith(webAssembly: unknown): typeof Engines {
  globalThis.WebAssembly = webAssembly as typeof WebAssembly;
  let engines: typeof Engines | undefined;
  jest.isolateModules(() => {
    jest.doMock('@tensorflow/tfjs-core', () => tf); // One tfjs is enough.
    engines = jest.requireActual<typeof Engines>('../../kernels/engine/engines');
  });
  return engines!;
}

/** WebAssembly with some members replaced. */
function altered(members: object): object {
  return Object.assign(Object.create(real), members);
}

describe('the probe', () => {
  it('finds SIMD where it is', () => {
    const names = importedWith(real)
      .availableEngines()
      .map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['simd', 'plain']));
  });

  it('falls back to plain TypeScript without WebAssembly', () => {
    const { availableEngines, currentEngine } = importedWith(undefined);
    expect(availableEngines()).toEqual(PLAIN);
    expect(currentEngine().name).toBe('plain');
  });

  it('falls back to plain TypeScript without SIMD', () => {
    const { availableEngines, unavailableEngines } = importedWith(altered({ validate: () => false }));
    expect(availableEngines()).toEqual(PLAIN);
    expect(unavailableEngines()).toEqual({
      relaxed: expect.stringContaining('relaxed SIMD'),
      simd: expect.any(String),
    });
  });

  it('falls back to plain TypeScript where a content-security policy forbids compiling', () => {
    let attempts = 0;
    class Module {
      constructor() {
        attempts++;
        throw new real.CompileError('Refused by the content security policy');
      }
    }
    const { availableEngines, unavailableEngines } = importedWith(altered({ Module }));
    expect(availableEngines()).toEqual(PLAIN);
    expect(unavailableEngines().simd).toMatch(/may not be compiled here: Refused by the content security policy/);
    expect(attempts).toBe(1);
  });

  for (const member of ['Memory', 'Instance']) {
    it(`falls back to plain TypeScript where no ${member} can be made, and says why`, () => {
      function refuse(): never {
        throw new RangeError(`no ${member} to be had`);
      }
      const { availableEngines, unavailableEngines } = importedWith(altered({ [member]: refuse }));
      expect(availableEngines()).toEqual(PLAIN);
      expect(unavailableEngines().simd).toMatch(new RegExp(`cannot be made: no ${member} to be had`));
    });
  }

  it('compiles in the background where the main thread may not', async () => {
    class Module {
      constructor() {
        throw new RangeError('WebAssembly.Module is disallowed on the main thread: the buffer is too large');
      }
    }
    const { availableEngines, currentEngine } = importedWith(altered({ Module }));
    expect(availableEngines()).toEqual(PLAIN);
    expect(currentEngine().name).toBe('plain');
    for (let turn = 0; turn < 200 && availableEngines().length === 1; turn++) {
      await new Promise((resume) => setTimeout(resume, 10));
    }
    expect(availableEngines()).toContainEqual({ name: 'simd', threads: 1 });
    expect(['simd', 'relaxed']).toContain(currentEngine().name);
  });
});
