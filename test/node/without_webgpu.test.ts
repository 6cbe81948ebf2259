// SPDX-License-Identifier: Apache-2.0
/** Where there is no WebGPU (Node has none), the entry `webgpu` and `install` break nothing. */
import { execFileSync } from 'node:child_process';
import { expect, it } from '@jest/globals';

/** What `install` returns or throws in a process that has imported the op, the kernels of `webgpu` and these. */
function installed(...imports: readonly string[]): unknown {
  const script = `
    import { install } from './src/index.ts';
    import './kernels/webgpu/index.ts';
    ${imports.map((path) => `import '${path}';`).join('\n')}
    let result;
    try {
      result = install();
    } catch (error) {
      result = error.message;
    }
    console.log(JSON.stringify(result));`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as unknown;
}

it('installs nothing where tfjs has no such backend', () => {
  expect(installed('@tensorflow/tfjs-backend-webgpu')).toEqual([]);
}, 60_000);

it("says so where the backend's own package is missing", () => {
  expect(installed()).toMatch(/no backend to install kernels on; import '@tensorflow\/tfjs-backend-webgpu' first/);
}, 60_000);

it('installs on what there is', () => {
  const others = ['@tensorflow/tfjs-backend-webgpu', '@tensorflow/tfjs-backend-cpu', './kernels/cpu/index.ts'];
  expect(installed(...others)).toContain('cpu/Conv2DBackpropInput');
}, 60_000);
