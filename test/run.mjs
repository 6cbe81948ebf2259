// SPDX-License-Identifier: Apache-2.0
/**
 * `npm test`: installs what is missing, then checks everything: format, lint, types, and all tests of all runners. Goes on after a
 * failure, so that one run shows all of them; ends with one line, `N passed, N failed`, that counts every check and every test.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root } from '../scripts/dependencies.mjs';
import { runKarma } from './karma.mjs';

await prepare();

const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

/** Runs a program of a dependency; true if it exits with 0. */
function run(program, ...args) {
  const { status } = spawnSync(process.execPath, [`${root}node_modules/${program}`, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  return status === 0;
}

function check(name, passed) {
  total[passed ? 'passed' : 'failed']++;
  if (!passed) failures.push(name);
  console.log(`${passed ? 'ok' : 'NOT OK'}: ${name}\n`);
}

/** All jest tests, counted from its own report; a suite that could not even run counts as a failure. What it prints comes when it is done. */
async function jest() {
  const folder = mkdtempSync(join(tmpdir(), 'jest-report-'));
  const file = join(folder, 'report.json');
  const { status, output } = await runQuietly('jest/bin/jest.js', '--json', `--outputFile=${file}`);
  process.stdout.write(`\n${output}`);
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    total.passed += report.numPassedTests;
    total.failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
    total.skipped += report.numPendingTests + report.numTodoTests;
    if (status !== 0) failures.push('jest');
    if (report.numTotalTests === 0) check('jest found tests', false);
  } catch {
    check('jest wrote a report', false);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** Runs a program of a dependency beside others; what it prints is kept. */
function runQuietly(program, ...args) {
  const child = spawn(process.execPath, [`${root}node_modules/${program}`, ...args], { cwd: root });
  let output = '';
  child.stdout.on('data', () => {}); // The report, which is in the file as well.
  child.stderr.on('data', (text) => (output += text));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, output })));
}

/** The same specs, and those for WebGL, in a browser. */
async function browser() {
  const { passed, failed, skipped } = await runKarma();
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  if (failed > 0) failures.push('karma');
}

check('formatting (npm run format mends it)', run('prettier/bin/prettier.cjs', '--check', '.'));
check('lint', run('eslint/bin/eslint.js', '.'));
check('types', run('typescript/bin/tsc', '-p', '.'));
check('API reference (docstrings)', run('typedoc/bin/typedoc', '--emit', 'none'));
// Side by side, as there are two cores.
await Promise.all([jest(), browser()]);

if (failures.length > 0) console.log(`Failed: ${failures.join(', ')}`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exit(total.failed === 0 && failures.length === 0 ? 0 : 1);
