// SPDX-License-Identifier: Apache-2.0
/** The linter lets each room import what CONTRIBUTING says, and nothing else. */
import { execFileSync } from 'node:child_process';
import { dirname, relative, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';

const root = resolve(__dirname, '../..');

/** What a file of each room may and must not import: packages, or files named from the root of the repository. */
const ROOMS: Record<string, { may: string[]; mayNot: string[] }> = {
  'src/geometry/new.ts': {
    may: ['src/geometry/axis', '@tensorflow/tfjs-core'],
    mayNot: ['src/contract', 'src/index', 'src/op/fused', 'kernels/engine/engines', 'test/support/oracle'],
  },
  'src/contract/new.ts': {
    may: ['src/geometry/geometry', '@tensorflow/tfjs-core'],
    mayNot: ['src/choice/choose', 'src/op/fused', 'src/integrations/install', 'kernels/cpu/index'],
  },
  'src/choice/new.ts': {
    may: ['src/choice/choose', 'src/contract', 'src/geometry/geometry'],
    mayNot: ['src/op/fused', 'src/integrations/install', 'src/index', 'kernels/cpu/index', '@tensorflow/tfjs-layers'],
  },
  'src/op/new.ts': {
    may: ['src/op/fused', 'src/choice/choose', 'src/contract', 'src/geometry/geometry'],
    mayNot: ['src/integrations/install', 'src/index', 'kernels/family/family', 'bench/workloads'],
  },
  'src/integrations/new.ts': {
    may: ['src/op/fused', 'src/choice/choose', 'src/contract', 'src/geometry/geometry', '@tensorflow/tfjs-layers'],
    mayNot: ['kernels/cpu/index', 'bench/workloads', 'examples/site/backends', 'test/support/oracle'],
  },
  'src/index.ts': {
    may: ['src/op/fused', 'src/integrations/install'],
    mayNot: [
      'kernels/index',
      'bench/workloads',
      'examples/site/backends',
      'test/support/oracle',
      'scripts/chromium.mjs',
    ],
  },
  'src/deep/in/new.ts': {
    may: ['src/deep/in/new', 'src/contract'],
    mayNot: [
      '@tensorflow/tfjs',
      '@tensorflow/tfjs-backend-cpu',
      '@tensorflow/tfjs-core/dist/ops/op',
      'kernels/webgl/index',
    ],
  },
  'kernels/engine/new.ts': {
    may: ['kernels/engine/engines', '@tensorflow/tfjs-core'],
    mayNot: ['src/geometry/geometry', 'src/contract', 'kernels/family/family', 'kernels/cpu/index'],
  },
  'kernels/family/new.ts': {
    may: ['kernels/family/family', 'kernels/engine/engines', 'src/contract', 'src/geometry/geometry'],
    mayNot: [
      'kernels/cpu/index',
      'kernels/webgl/index',
      'src/index',
      'src/choice/choose',
      '@tensorflow/tfjs-backend-cpu',
    ],
  },
  'kernels/cpu/new.ts': {
    may: [
      'kernels/family/family',
      'kernels/engine/engines',
      'src/contract',
      'src/geometry/geometry',
      '@tensorflow/tfjs-backend-cpu',
    ],
    mayNot: [
      'kernels/wasm/index',
      'kernels/webgl/index',
      'kernels/index',
      'src/index',
      '@tensorflow/tfjs-backend-wasm',
    ],
  },
  'kernels/wasm/new.ts': {
    may: ['kernels/family/family', 'kernels/engine/engines', 'src/contract', '@tensorflow/tfjs-backend-wasm'],
    mayNot: ['kernels/cpu/index', 'kernels/webgl/index', 'src/op/fused', '@tensorflow/tfjs-backend-cpu'],
  },
  'kernels/webgl/programs/new.ts': {
    may: ['kernels/webgl/index', 'src/contract', 'src/geometry/phases', '@tensorflow/tfjs-backend-webgl'],
    mayNot: [
      'kernels/family/family',
      'kernels/engine/engines',
      'kernels/cpu/index',
      'kernels/wasm/index',
      'src/integrations/install',
      '@tensorflow/tfjs-backend-cpu',
      '@tensorflow/tfjs-backend-webgl/dist/webgl',
    ],
  },
  'kernels/index.ts': {
    may: ['kernels/cpu/index', 'kernels/webgl/index', 'src/index'],
    mayNot: ['kernels/engine/engines', 'kernels/family/family', 'src/op/fused', '@tensorflow/tfjs'],
  },
  'bench/new.ts': {
    may: ['src/choice/choose', 'kernels/engine/engines', 'kernels/index', 'scripts/chromium.mjs', '@tensorflow/tfjs'],
    mayNot: ['examples/site/backends', 'test/support/oracle', '@tensorflow/tfjs-core/dist/ops/op'],
  },
  'examples/new/new.ts': {
    may: [
      'bench/workloads',
      'src/index',
      'src/contract',
      'src/integrations/layers',
      'kernels/index',
      'kernels/cpu/index',
    ],
    mayNot: ['src/op/fused', 'src/choice/choose', 'kernels/engine/engines', 'test/support/oracle'],
  },
  'scripts/new.mjs': {
    may: ['scripts/chromium.mjs'],
    mayNot: ['src/index', 'kernels/index', 'bench/workloads', 'test/karma.mjs'],
  },
  'test/new.spec.ts': {
    may: ['src/op/fused', 'kernels/engine/engines', 'bench/workloads', 'examples/site/backends', 'test/support/oracle'],
    mayNot: ['@tensorflow/tfjs-core/dist/ops/op'],
  },
};

/** A specifier as a file of the repository would write it. */
function specifier(from: string, to: string): string {
  if (to.startsWith('@')) return to;
  const path = relative(dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}

/** Lints a line `import 'SPECIFIER'` each, in a process of its own: jest takes no ES modules without a flag. */
function refusedImports(files: Record<string, string[]>): Record<string, string[]> {
  const script = `
    import { ESLint } from 'eslint';
    const eslint = new ESLint();
    const refused = {};
    for (const [filePath, specifiers] of Object.entries(JSON.parse(process.argv[1]))) {
      const text = specifiers.map((specifier) => "import '" + specifier + "';\\n").join('');
      const [{ messages }] = await eslint.lintText(text, { filePath });
      refused[filePath] = specifiers.filter((_, at) => messages.some(({ line }) => line === at + 1));
    }
    console.log(JSON.stringify(refused));`;
  const args = ['--input-type=module', '-e', script, JSON.stringify(files)];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })) as Record<string, string[]>;
}

describe('the linter', () => {
  let refused: Record<string, string[]> = {};

  beforeAll(() => {
    const imports = Object.entries(ROOMS).map(([file, { may, mayNot }]) => [
      file,
      [...may, ...mayNot].map((to) => specifier(file, to)),
    ]);
    refused = refusedImports(Object.fromEntries(imports) as Record<string, string[]>);
  }, 60_000);

  for (const [file, { mayNot }] of Object.entries(ROOMS)) {
    it(`knows what ${file} may import`, () => {
      expect(refused[file]).toEqual(mayNot.map((to) => specifier(file, to)));
    });
  }
});
