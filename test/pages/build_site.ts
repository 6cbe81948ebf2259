// SPDX-License-Identifier: Apache-2.0
/** Builds the site of the examples once, before any test of a page runs. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

export default function buildSite(): void {
  const build = [resolve(__dirname, '../../examples/serve.mjs'), '--build'];
  execFileSync(process.execPath, build, { stdio: ['ignore', 'ignore', 'inherit'] });
}
