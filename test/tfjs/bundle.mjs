// SPDX-License-Identifier: Apache-2.0
/** tfjs's own tests as one script that runs anywhere: on a backend of tfjs, with our kernels for it or without. */
import { readFileSync, readdirSync } from 'node:fs';
import { root } from '../../scripts/dependencies.mjs';

const packages = `${root}node_modules/@tensorflow/`;

/** As in the `setup_test.ts` of tfjs's webgl backend. */
const webgl = (version) => ({
  backend: 'webgl',
  isDataSync: true,
  flags: { WEBGL_VERSION: version, WEBGL_CPU_FORWARD: false, WEBGL_SIZE_UPLOAD_UNIFORM: 0 },
});

/** What tfjs's tests run on, by name. */
export const ENVIRONMENTS = {
  cpu: { backend: 'cpu', isDataSync: true },
  wasm: {
    backend: 'wasm',
    isDataSync: true,
    setUp: [
      "import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';",
      `setWasmPaths(${JSON.stringify(`${packages}tfjs-backend-wasm/dist/`)});`,
    ],
  },
  'webgl 2': webgl(2),
  'webgl 1': webgl(1),
  // As in the `backend_webgpu_test_registry.ts` of its webgpu backend.
  webgpu: { backend: 'webgpu', isDataSync: true, flags: { WEBGPU_CPU_FORWARD: false } },
};

/** The compiled tests that tfjs-core ships and that speak of convolution, of gradients or of the engine. */
function testFiles() {
  const folder = `${packages}tfjs-core/dist/`;
  const tests = readdirSync(folder, { recursive: true }).map((name) => name.replaceAll('\\', '/'));
  return tests
    .filter((name) => name.endsWith('_test.js'))
    .filter((name) => /conv(?!e)|grad|engine/i.test(withoutSourceMap(readFileSync(`${folder}${name}`, 'utf8'))))
    .sort();
}

function withoutSourceMap(code) {
  return code.replace(/^\/\/# sourceMappingURL=.*$/m, '');
}

/** Writes the script of an environment; returns its path. Loading it defines `runTfjsTests` (./boot.mjs). */
export async function bundleTests(name, { withOurs }) {
  const { build } = await import('esbuild'); // Here, as it may have been installed only just now.
  const { backend, isDataSync, flags = {}, setUp = [] } = ENVIRONMENTS[name];
  const isBrowser = backend.startsWith('webg');
  const outfile = `${root}test/dist/tfjs/${name.replace(' ', '_')}_${withOurs ? 'ours' : 'stock'}.cjs`;
  const ours = [
    "import { REPLACEABLE, install } from './src';",
    `import './kernels/${backend}';`,
    "globalThis.installOurs = (kernels) => install(kernels === 'all' ? { kernels: REPLACEABLE } : {});",
  ];
  await build({
    stdin: {
      contents: [
        "import { runTfjsTests } from './test/tfjs/boot.mjs';",
        `import '@tensorflow/tfjs-backend-${backend}';`,
        "import './test/tfjs/environment.mjs';",
        ...setUp,
        ...(withOurs ? ours : []),
        ...testFiles().map((file) => `import '@tensorflow/tfjs-core/dist/${file}';`),
        'globalThis.runTfjsTests = runTfjsTests;', // Last: it is there if all of them could be loaded.
      ].join('\n'),
      resolveDir: root,
    },
    outfile,
    bundle: true,
    format: isBrowser ? 'iife' : 'cjs',
    platform: isBrowser ? 'browser' : 'node',
    mainFields: ['module', 'main'], // One tfjs-core: that of its tests.
    ignoreAnnotations: true, // Tests have side effects, whatever tfjs-core's package.json says.
    define: {
      TFJS_TEST_ENV: JSON.stringify({ name, backendName: backend, isDataSync, flags }),
      ...(isBrowser ? { global: 'globalThis' } : {}),
    },
    external: isBrowser ? ['node-fetch', 'util', 'string_decoder', 'crypto', 'worker_threads', 'fs', 'path'] : [],
    logLevel: 'error',
  });
  return outfile;
}
