// SPDX-License-Identifier: Apache-2.0
/**
 * Starts jasmine, in a page or in Node, before tfjs's tests are loaded. They run in the order in which they stand, with
 * the same random numbers in every run.
 */
import jasmineRequire from 'jasmine-core/lib/jasmine-core/jasmine.js';
import seedrandom from 'seedrandom';

const jasmineCore = jasmineRequire.core(jasmineRequire);
const env = jasmineCore.getEnv({ suppressLoadErrors: true }); // Whoever loads this sees them.
Object.assign(globalThis, jasmineRequire.interface(jasmineCore, env));
env.configure({ random: false });
/** For each test. On webgpu one never ends, with stock as with ours: two reads of a tensor that is disposed of. */
const LIMIT_MS = 60_000;
Math.random = seedrandom('tfjs');

const specs = [];
const errors = [];
env.addReporter({
  specStarted: ({ fullName }) => {
    jasmineCore.DEFAULT_TIMEOUT_INTERVAL = LIMIT_MS; // Each time: tests of concat3d set it to 1000 s.
    globalThis.noteTest?.(fullName); // In a browser: ./run.mjs.
  },
  specDone: ({ fullName, status, failedExpectations }) =>
    specs.push({ name: fullName, status, messages: failedExpectations.map(({ message }) => message) }),
  // What fails outside of tests, in an afterAll for instance.
  suiteDone: ({ fullName, failedExpectations }) =>
    errors.push(...failedExpectations.map(({ message }) => `${fullName}: ${message}`)),
  jasmineDone: ({ failedExpectations, incompleteReason }) =>
    errors.push(...failedExpectations.map(({ message }) => message), ...(incompleteReason ? [incompleteReason] : [])),
});

/**
 * Runs all tests that have been loaded, with `kernels` of ours installed: 'stock' (none), 'default' or 'all'. Resolves
 * to what `install` has returned, a row per test, and what went wrong outside of tests.
 */
export async function runTfjsTests(kernels) {
  const installed = kernels === 'stock' ? [] : globalThis.installOurs(kernels);
  await env.execute();
  return { installed, specs, errors };
}
