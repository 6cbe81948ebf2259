// SPDX-License-Identifier: Apache-2.0
/**
 * The entry points of the package, found rather than listed: `tfjs-conv2d-transpose` itself and what stands behind
 * `tfjs-conv2d-transpose/NAME`. The build, the API reference and the linter ask here; package.json has patterns.
 */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Integrations that are entries of their own, because each needs a package of tfjs that not everyone has. */
const INTEGRATIONS = ['layers', 'graph'];

/** The folders of `kernels`. One with an `index.ts` is a backend: importing that registers its kernels. */
export const kernelFolders = readdirSync(`${root}kernels`, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

export const backends = kernelFolders.filter((name) => existsSync(`${root}kernels/${name}/index.ts`));

/** The source of each entry but the index, by its name; paths are from the root of the repository. */
export const subpaths = Object.fromEntries([
  ...backends.map((name) => [name, `kernels/${name}/index.ts`]),
  ...INTEGRATIONS.map((name) => [name, `src/integrations/${name}.ts`]),
]);

export const index = 'src/index.ts';
