// SPDX-License-Identifier: Apache-2.0
/**
 * `npm test`: installs what is missing (not with `--no-install`), then checks everything: format, lint, types,
 * docstrings, and all tests of all runners. Prints a line whenever a check or a suite is done. Goes on after a failure,
 * so that one run shows all of them. Ends with one line, `N passed, N failed`, that counts every check and every test.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureChromium } from '../scripts/chromium.mjs';
import { prepare, root } from '../scripts/dependencies.mjs';
import jestConfig from '../jest.config.js';
import { runKarma } from './karma.mjs';
import { formatLine } from './progress.mjs';
import { IN_NODE, runTfjsTests } from './tfjs/run.mjs';

/** Runs a program of a dependency; resolves to its exit status and what it printed, if that was kept. */
function run(program, args, stdio = ['ignore', 'pipe', 'pipe']) {
  const child = spawn(process.execPath, [`${root}node_modules/${program}`, ...args], { cwd: root, stdio });
  const end = () => child.kill();
  process.once('exit', end);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += text));
  return new Promise((resolve) =>
    child.on('close', (status) => {
      process.off('exit', end);
      resolve({ status, output });
    }),
  );
}

/** A check passes if its program exits with 0. */
const check = (what, program, ...args) => ({
  what,
  async run() {
    const begin = performance.now();
    const { status, output } = await run(program, args);
    const counts = status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
    const seconds = (performance.now() - begin) / 1000;
    const details = status === 0 ? '' : output;
    process.stdout.write(formatLine({ runner: 'check', what, failed: counts.failed, seconds, details }));
    return { ...counts, skipped: 0 };
  },
});

/** Files at once, where it is not as many as jest likes: one of two cores. Pages wait much of their time. */
const WORKERS = { pages: 2 };

/** The tests of a project of jest. Its reporter prints lines as suites end, its report has the counts. */
const jest = (project) => ({
  what: `jest (${project})`,
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'jest-report-'));
    const file = join(folder, 'report.json');
    const reports = ['--json', `--outputFile=${file}`, '--reporters=<rootDir>/test/progress.mjs'];
    const workers = WORKERS[project] ? [`--maxWorkers=${WORKERS[project]}`] : [];
    const args = ['--selectProjects', project, ...workers, ...reports];
    // Its stdout is the report again; its stderr, where lines go, is our stdout.
    const { status } = await run('jest/bin/jest.js', args, ['ignore', 'ignore', 1]);
    try {
      const report = JSON.parse(readFileSync(file, 'utf8'));
      const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
      return {
        passed: report.numPassedTests,
        failed: failed === 0 && (status !== 0 || report.numTotalTests === 0) ? 1 : failed,
        skipped: report.numPendingTests + report.numTodoTests,
      };
    } catch (error) {
      console.log(`jest  FAILED no report of ${project}: ${error.message}`);
      return { passed: 0, failed: 1, skipped: 0 };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
});

/** The same specs, and those for WebGL, in a browser. */
const karma = { what: 'karma', run: () => runKarma() };

/** tfjs's own tests with our kernels installed, where they take seconds; `npm run test:tfjs` has them on webgl too. */
const tfjs = { what: "tfjs's own tests", run: () => runTfjsTests(IN_NODE) };

/** A few of them in a browser of another make, if it is here. It is loaded once its dependencies are installed. */
const firefox = { what: 'Firefox', run: async () => (await import('./browsers/smoke.mjs')).runFirefoxSmoke() };

await prepare('kernels', 'bench');
ensureChromium(); // Here, so that what is installed is installed before anything runs.

// What takes longest comes first, so that none of it is left for the end.
const queue = [
  karma,
  ...jestConfig.projects.map(({ displayName }) => jest(displayName)),
  check('formatting (npm run format mends it)', 'prettier/bin/prettier.cjs', '--check', '.'),
  check('lint', 'eslint/bin/eslint.js', '.'),
  check('types', 'typescript/bin/tsc', '-p', '.'),
  check('API reference (docstrings)', 'typedoc/bin/typedoc', '--emit', 'none', '--skipErrorChecking'), // As types do.
  tfjs,
  firefox,
];
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

/** Takes one task after the other until there are none. */
async function work() {
  for (let task = queue.shift(); task; task = queue.shift()) {
    const counts = await task.run().catch((error) => {
      console.log(`${task.what} FAILED ${error.message}`);
      return { passed: 0, failed: 1, skipped: 0 };
    });
    if (counts.failed > 0) failures.push(task.what);
    for (const key of Object.keys(total)) total[key] += counts[key];
  }
}
// Side by side, as there are two cores.
await Promise.all([work(), work()]);

if (failures.length > 0) console.log(`Failed: ${failures.join(', ')}`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exit(total.failed === 0 ? 0 : 1);
