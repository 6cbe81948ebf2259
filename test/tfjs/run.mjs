// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run test:tfjs`: tfjs's own tests of convolution, gradients and the engine, with stock kernels and with ours
 * installed, each run in a process or a page of its own. Fails on every test that passes with stock and not with ours.
 * What stock itself fails is counted, and not ours to mend. Names of environments (`-- wasm`) run those alone.
 */
import { fork } from 'node:child_process';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { CHROMIUM_FLAGS, HOW_TO_GET_ONE, VULKAN_FLAGS, WEBGPU_FLAGS, ensureChromium } from '../../scripts/chromium.mjs';
import { prepare } from '../../scripts/dependencies.mjs';
import { formatLine } from '../progress.mjs';
import { ENVIRONMENTS, bundleTests } from './bundle.mjs';
import { compareRuns } from './compare.mjs';

/** Environments that need no browser: `npm test` has them. */
export const IN_NODE = ['cpu', 'wasm'];

/** The first may leave calls to stock that it computes faster; the second runs ours wherever ours can. */
const INSTALLATIONS = { default: 'install()', all: 'install() of all kernels' };
const LIMIT_MS = 900_000;

/** Compares in some environments, printing a line for each way of installing; resolves to the counts of them all. */
export async function runTfjsTests(names = Object.keys(ENVIRONMENTS)) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const name of names) {
    const counts = await compareIn(name).catch((error) => {
      print({ what: name, failed: 1, seconds: 0, details: `  ${error.stack}` });
      return { passed: 0, failed: 1 };
    });
    total.passed += counts.passed;
    total.failed += counts.failed;
  }
  return total;
}

async function compareIn(name) {
  const run = IN_NODE.includes(name) ? runInNode : runInBrowser;
  const stock = await run(await bundleTests(name, { withOurs: false }), 'stock', name);
  const script = await bundleTests(name, { withOurs: true });
  const total = { passed: 0, failed: 0 };
  for (const [kernels, what] of Object.entries(INSTALLATIONS)) {
    const begin = performance.now();
    const ours = await run(script, kernels, name);
    const seconds = (performance.now() - begin) / 1000;
    const found = compareRuns(stock, ours);
    const { ran, passedWithStock, passedWithOurs, passedWithBoth, passedWithOursOnly, problems } = found;
    const facts =
      `${name}, ${what}: ${ran} ran, ${passedWithStock} passed with stock, ${passedWithOurs} with ours; ` +
      `${passedWithOursOnly} fail with stock only, ${ran - passedWithStock - passedWithOursOnly} with both`;
    print({ what: facts, passed: passedWithBoth, failed: problems.length, seconds, details: problems.join('\n') });
    total.passed += passedWithBoth;
    total.failed += problems.length;
  }
  return total;
}

function print(facts) {
  process.stdout.write(formatLine({ runner: 'tfjs', ...facts }));
}

/** Loads a script in a process of its own and runs the tests; rejects if it ends without a result. */
function runInNode(script, kernels) {
  const child = fork(fileURLToPath(new URL('in_node.mjs', import.meta.url)), [script, kernels], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    timeout: LIMIT_MS,
  });
  const end = () => child.kill();
  process.once('exit', end);
  let complaints = '';
  let result;
  child.stderr.on('data', (text) => (complaints += text));
  child.on('message', (message) => (result = message));
  return new Promise((resolve, reject) =>
    child.on('close', (status, signal) => {
      process.off('exit', end);
      if (result) resolve(result);
      else reject(new Error(`${script} ended (${signal ?? status}) without a result:\n${complaints.slice(-4000)}`));
    }),
  );
}

/** The same in a page of its own, in a browser of its own; an error names the test it was at. */
async function runInBrowser(script, kernels, name) {
  const executablePath = ensureChromium();
  if (!executablePath) throw new Error(HOW_TO_GET_ONE);
  const { chromium } = await import('playwright-core');
  const args = [...CHROMIUM_FLAGS, ...(name === 'webgpu' ? [...WEBGPU_FLAGS, ...VULKAN_FLAGS] : [])];
  const browser = await chromium.launch({ executablePath, args });
  let current = 'none of the tests';
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    void browser.close();
  }, LIMIT_MS);
  try {
    const page = await browser.newPage();
    await page.exposeFunction('noteTest', (test) => void (current = `'${test}'`));
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.stack));
    // A page with an address, as some tests store things.
    await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
    await page.goto('http://localhost/');
    await page.addScriptTag({ path: script });
    if (!(await page.evaluate(() => 'runTfjsTests' in globalThis))) throw new Error(errors.join('\n'));
    return await page.evaluate((which) => globalThis.runTfjsTests(which), kernels); // Rejects if the page crashes.
  } catch (error) {
    const what = isLate ? `did not end in ${LIMIT_MS / 60_000} minutes` : 'broke off';
    throw new Error(`${script} (${kernels}) ${what}, at ${current}: ${error.message}`, { cause: error });
  } finally {
    clearTimeout(timer);
    await browser.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await prepare('kernels');
  const names = process.argv.slice(2);
  const unknown = names.find((name) => !(name in ENVIRONMENTS));
  if (unknown !== undefined) {
    console.error(`There is no environment '${unknown}'; the choices are ${Object.keys(ENVIRONMENTS).join(', ')}`);
    process.exit(1);
  }
  const { passed, failed } = await runTfjsTests(names.length > 0 ? names : undefined);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
