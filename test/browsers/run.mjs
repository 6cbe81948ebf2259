// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run test:browsers`: the suite in every browser that can be had, one after the other; `-- --help` for options.
 * Installs what Debian has; says why whatever is not run is not. Prints a table browser × backend, and exits with 1 if
 * a number is wrong, or if a browser that is there fails.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { prepare, root } from '../../scripts/dependencies.mjs';

await prepare('kernels');
// Here, as they need dependencies.
const { Command } = await import('commander');
const { ENVIRONMENTS } = await import('./environments.mjs');
const { complaints, renderMarkdown, renderTable, summary } = await import('./matrix.mjs');
const { bundleSuite, nameOf, visit, whyNotRun } = await import('./visit.mjs');

const command = new Command('npm run test:browsers --')
  .option('--only <text>', 'only browsers whose name in the table has this text')
  .option('--smoke', 'a few layers only')
  .option('--write', 'write the table into docs/browsers.md')
  .option('--no-install', 'install nothing')
  .parse();
const { only = '', write, smoke } = command.opts();
if (write && (only || smoke)) command.error('--write is for all browsers and layers: without --only and --smoke');

const environments = ENVIRONMENTS.filter((environment) => nameOf(environment).includes(only));
if (environments.length === 0) command.error(`--only ${only} names none of ${ENVIRONMENTS.map(nameOf).join('; ')}`);

await bundleSuite();
const visits = [];
for (const environment of environments) {
  const begin = performance.now();
  const reason = whyNotRun(environment, { install: true });
  const name = nameOf(environment);
  visits.push({ environment, name, ...(reason ? { reason } : await visit(environment, { smoke })) });
  if (reason) console.log(`visit note   ${name} is not run: ${reason}`);
  else process.stdout.write(summary(visits.at(-1), (performance.now() - begin) / 1000).line);
}
console.log(renderTable(visits));
if (write) await writeTable(`${root}docs/browsers.md`);
process.exit(visits.every((each) => complaints(each).length === 0) ? 0 : 1);

/** Puts the table in place of the one before it, between the two comments. */
async function writeTable(path) {
  const { format, resolveConfig } = await import('prettier');
  const between = /(?<=<!-- npm run test:browsers -- --write -->\n).*(?=<!-- end -->)/s;
  const text = readFileSync(path, 'utf8').replace(between, () => `\n${renderMarkdown(visits)}\n\n`);
  writeFileSync(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
}
