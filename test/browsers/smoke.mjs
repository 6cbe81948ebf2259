// SPDX-License-Identifier: Apache-2.0
/** The part of the browsers' suite that `npm test` runs: a few layers on every backend in Firefox, if it is here. */
import { ENVIRONMENTS } from './environments.mjs';
import { summary } from './matrix.mjs';
import { bundleSuite, nameOf, visit, whyNotRun } from './visit.mjs';

const firefox = ENVIRONMENTS.find(({ browser }) => browser.name === 'Firefox');

/** Resolves to how many expectations held and what went wrong; one is skipped where there is no Firefox. */
export async function runFirefoxSmoke() {
  const reason = whyNotRun(firefox);
  if (reason) {
    console.log(`visit note   Firefox is skipped: ${reason}. npm run test:browsers installs it on Debian`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const begin = performance.now();
  await bundleSuite();
  const result = {
    environment: firefox,
    name: `${nameOf(firefox)}, a few layers`,
    ...(await visit(firefox, { smoke: true })),
  };
  const { passed, failed, line } = summary(result, (performance.now() - begin) / 1000);
  process.stdout.write(line);
  return { passed, failed, skipped: 0 };
}
