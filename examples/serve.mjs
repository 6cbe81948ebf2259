// SPDX-License-Identifier: Apache-2.0
/** `npm run examples`: builds the site of the examples into examples/dist and serves it; with `--build` only builds. */
import { prepare, root } from '../scripts/dependencies.mjs';

await prepare('kernels', 'bench');
const { Command, InvalidArgumentError } = await import('commander');
const { build, preview } = await import('vite');

const port = (value) => {
  if (!Number.isInteger(Number(value)) || Number(value) < 0 || Number(value) > 65535)
    throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
  return Number(value);
};
const options = new Command('npm run examples --')
  .description('Builds the pages of the examples to static files in examples/dist, and serves them.')
  .option('--build', 'only build', false)
  .option('-p, --port <number>', 'where to serve; the next free one is taken if it is in use', port, 4173)
  .option('--host <address>', 'the address to listen on', 'localhost')
  .parse()
  .opts();

const configFile = `${root}examples/vite.config.ts`;
console.log('Building the pages …');
await build({ configFile, logLevel: 'warn' }).catch(({ message }) => {
  console.error(message); // Not all that hangs on the error: each file that was read.
  process.exit(1);
});
console.log('Built examples/dist: static files that work from any folder of any web server.');
if (!options.build) {
  const server = await preview({ configFile, preview: { port: options.port, host: options.host } });
  console.log(`Serving them at ${server.resolvedUrls?.local[0] ?? server.resolvedUrls?.network[0]} (Ctrl-C stops).`);
}
