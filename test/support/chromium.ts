// SPDX-License-Identifier: Apache-2.0
/** A browser for tests that run in Node. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** Jest takes no ES modules without a flag, so a process of its own says where a browser is. */
export async function launchChromium(): Promise<Browser> {
  const ask = `import('./scripts/chromium.mjs').then((m) => console.log(JSON.stringify([m.ensureChromium(), m.CHROMIUM_FLAGS, m.HOW_TO_GET_ONE])))`;
  const printed = execFileSync(process.execPath, ['-e', ask], { encoding: 'utf8', cwd: resolve(__dirname, '../..') });
  const [executablePath, args, howToGetOne] = JSON.parse(printed.trim().split('\n').at(-1)!) as [string | null, string[], string]; // prettier-ignore
  if (!executablePath) throw new Error(howToGetOne);
  return chromium.launch({ executablePath, args });
}
