// SPDX-License-Identifier: Apache-2.0
/** Three projects: the specs in Node, tests that need Node, and the pages of the examples in a browser. */

/** Types are checked by `npm run types`; here they are only taken off. */
const transform = { '^.+\\.ts$': '<rootDir>/test/support/transform.mjs' };

const project = (displayName, tests, more) => ({
  displayName,
  testMatch: [`<rootDir>/test/${tests}`],
  testEnvironment: 'node',
  // Jest runs tests in a context of their own, where each look-up of a global is slow.
  sandboxInjectedGlobals: ['Math'],
  transform,
  ...more,
});

export default {
  projects: [
    project('pages', 'pages/*.test.ts', { globalSetup: '<rootDir>/test/pages/build_site.ts' }),
    project('package', 'node/*.test.ts'),
    project('unit', '*.spec.ts', {
      setupFilesAfterEnv: ['<rootDir>/test/support/setup_node.ts'],
      testPathIgnorePatterns: ['<rootDir>/test/webg(l|pu)'],
    }),
  ],
};
