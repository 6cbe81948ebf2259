// SPDX-License-Identifier: Apache-2.0
/** Where the files of tfjs's wasm backend are, for tests in Node. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

export function useWasmFiles(): void {
  setWasmPaths(join(dirname(createRequire(__filename).resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist/'));
}
