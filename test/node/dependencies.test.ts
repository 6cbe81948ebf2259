// SPDX-License-Identifier: Apache-2.0
/** When commands install the dependencies: if what is installed is not what the lock file asks for. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { callExported } from '../support/es_module';

const root = resolve(__dirname, '../..');

/** Whether each pair of what is installed and a lock file fits. */
function fits(pairs: readonly (readonly [object, object])[]): boolean[] {
  const textOf = (packages: object): string => JSON.stringify({ packages });
  return pairs.map((pair) => callExported<boolean>('scripts/dependencies.mjs', 'isOfLock', ...pair.map(textOf)));
}

it('what is installed fits a lock file by its contents, not by dates', () => {
  const [a, b] = ['a', 'b'].map((name) => ({
    [`node_modules/${name}`]: { version: '1.0.0', integrity: `sha-${name}` },
  }));
  const project = { '': { name: 'project', version: '3.0.0' } };
  const optional = { 'node_modules/fsevents': { version: '2.0.0', optional: true } };
  const flagged = { 'node_modules/a': { ...a['node_modules/a'], dev: true } };
  const newer = { 'node_modules/a': { version: '1.0.1', integrity: 'sha-a' } };
  const tampered = { 'node_modules/a': { version: '1.0.0', integrity: 'sha-x' } };
  expect(
    fits([
      [
        { ...a, ...b },
        { ...project, ...a, ...b },
      ],
    ]),
  ).toEqual([true]);
  expect(
    fits([
      [a, { ...a, ...optional }],
      [flagged, a],
      [{ ...a, ...b }, a],
    ]),
  ).toEqual([true, true, true]);
  expect(
    fits([
      [a, { ...a, ...b }],
      [a, newer],
      [a, tampered],
      [{}, a],
    ]),
  ).toEqual([false, false, false, false]);
});

it('what is installed here fits the lock file here', () => {
  const read = (path: string): object =>
    (JSON.parse(readFileSync(resolve(root, path), 'utf8')) as { packages: object }).packages;
  expect(fits([[read('node_modules/.package-lock.json'), read('package-lock.json')]])).toEqual([true]);
});
