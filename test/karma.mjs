// SPDX-License-Identifier: Apache-2.0
/**
 * Bundles the specs and runs them in a browser; `--grep TEXT` for some, `--webgpu` for all on WebGPU alone. Exits with
 * 1 if one fails or no browser can be had.
 */
import { fileURLToPath } from 'node:url';
import { HOW_TO_GET_ONE, ensureChromium } from '../scripts/chromium.mjs';
import { prepare, root } from '../scripts/dependencies.mjs';

const LOSES_CONTEXTS = 'webgl_lost.spec.ts';

/**
 * Runs all specs (or those that `grep` names) on what a set-up file has; resolves to how many passed, failed and were
 * skipped.
 */
export async function runKarma({ grep, setup = 'setup_browser' } = {}) {
  const executable = ensureChromium();
  if (!executable) {
    console.log(`karma FAILED ${HOW_TO_GET_ONE}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  process.env.CHROME_BIN = executable;
  const { bundle } = await import('./bundle.mjs');
  const { readdirSync } = await import('node:fs');
  const specs = readdirSync(`${root}test`).filter((name) => name.endsWith('.spec.ts'));
  // All that comes after a lost context is compiled once more.
  specs.sort((a, b) => Number(a === LOSES_CONTEXTS) - Number(b === LOSES_CONTEXTS));
  const imports = [`./support/${setup}`, ...specs.map((name) => `./${name}`)].map((path) => `import '${path}';`);
  await bundle('specs', imports.join('\n'));
  const { default: karma } = await import('karma');
  const { default: configure } = await import('../karma.conf.js');
  let settings = {};
  configure({ set: (given) => (settings = given) });
  if (grep) settings.client.args = ['--grep', grep];
  const config = await karma.config.parseConfig(null, settings, { promiseConfig: true, throwErrors: true });
  const counts = { passed: 0, failed: 0, skipped: 0 };
  return new Promise((resolve) => {
    let ended = false;
    const server = new karma.Server(config, (exitCode) => {
      if (counts.failed === 0 && (!ended || exitCode !== 0 || counts.passed === 0)) {
        const none = grep === undefined ? 'no spec ran' : `no spec that runs here has '${grep}' in its name`;
        console.log(`karma FAILED ${ended && counts.passed === 0 ? none : 'it ended before all specs had run'}`);
        counts.failed = 1;
      }
      resolve(counts);
    });
    server.on('run_complete', (_browsers, { disconnected, error }) => (ended = !disconnected && !error));
    server.on('spec_complete', (_browser, { success, skipped, disabled }) => {
      if (disabled) return; // By --grep.
      counts[skipped ? 'skipped' : success ? 'passed' : 'failed']++;
    });
    void server.start();
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await prepare('kernels');
  const at = process.argv.indexOf('--grep');
  const { passed, failed, skipped } = await runKarma({
    grep: at < 0 ? undefined : process.argv[at + 1],
    setup: process.argv.includes('--webgpu') ? 'setup_webgpu' : undefined,
  });
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exit(failed === 0 ? 0 : 1);
}
