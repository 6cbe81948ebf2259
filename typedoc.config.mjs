// SPDX-License-Identifier: Apache-2.0
/** The API reference: a module per entry point. */
import { index, subpaths } from './scripts/entries.mjs';

export default {
  name: 'tfjs-conv2d-transpose',
  entryPoints: [index, ...Object.values(subpaths)],
  out: 'docs/api',
  readme: 'README.md',
  projectDocuments: [
    'arithmetic',
    'benchmarks',
    'browsers',
    'migrating',
    'numerics',
    'shaders',
    'threads',
    'training',
    'variants',
    'webgl',
    'webgpu',
  ].map((name) => `docs/${name}.md`),
  kindSortOrder: ['Document', 'Module', 'Namespace', 'Function', 'Interface', 'TypeAlias', 'Variable'],
  excludePrivate: true,
  excludeExternals: true,
  disableSources: true,
  hideGenerator: true,
  intentionallyNotExported: ['NAMES', 'SUPPORTED'],
  treatWarningsAsErrors: true,
};
