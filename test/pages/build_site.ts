// SPDX-License-Identifier: Apache-2.0
/** Builds the site of the examples once, before any test of a page runs, and asks what it is served with. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { printedBy } from '../support/es_module';
import { HEADERS } from '../support/site';

export default function buildSite(): void {
  const build = [resolve(__dirname, '../../examples/serve.mjs'), '--build'];
  execFileSync(process.execPath, build, { stdio: ['ignore', 'ignore', 'inherit'] });
  // Asked of its own settings, so that the tests depend on them.
  const headers = printedBy(`import { resolveConfig } from 'vite';
    const configFile = './examples/vite.config.ts';
    const { preview } = await resolveConfig({ configFile, logLevel: 'silent' }, 'serve', 'production');
    console.log(JSON.stringify(preview.headers ?? {}));`);
  process.env[HEADERS] = JSON.stringify(headers);
}
