// SPDX-License-Identifier: Apache-2.0
/** The API reference: a module per entry point. */
import { index, subpaths } from './scripts/entries.mjs';

export default {
  name: 'tfjs-conv2d-transpose',
  entryPoints: [index, ...Object.values(subpaths)],
  out: 'docs/api',
  readme: 'README.md',
  projectDocuments: ['docs/migrating.md'],
  excludePrivate: true,
  excludeExternals: true,
  disableSources: true,
  hideGenerator: true,
  intentionallyNotExported: ['NAMES', 'SUPPORTED'],
  treatWarningsAsErrors: true,
};
