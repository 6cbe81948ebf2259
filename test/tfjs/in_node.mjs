// SPDX-License-Identifier: Apache-2.0
/** A process that loads the script of ./bundle.mjs, runs its tests and sends their results to its parent. */
import { createRequire } from 'node:module';

const [script, kernels] = process.argv.slice(2);
createRequire(import.meta.url)(script);
const result = await globalThis.runTfjsTests(kernels);
process.send(result, () => process.exit(0)); // What a test has left running is not waited for.
