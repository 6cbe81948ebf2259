// SPDX-License-Identifier: Apache-2.0
/**
 * Compiles each AssemblyScript source of the project twice, without and with relaxed SIMD, and writes both as base64 into a
 * `.generated.ts` beside it.
 */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = ['../kernels/engine/products.as.ts', '../bench/peers/peak.as.ts'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

async function compile(source, ...features) {
  const { default: asc } = await import('assemblyscript/asc');
  let binary;
  const flags = [
    '-O3',
    '--converge',
    '--runtime',
    'stub',
    '--importMemory',
    '--noAssert',
    '--use',
    'abort=',
    '--enable',
    'simd',
  ];
  const { error, stderr } = await asc.main(['source.ts', '--outFile', 'module.wasm', ...flags, ...features], {
    readFile: (path) => {
      const file = path === 'source.ts' ? source : join(dirname(source), path);
      return existsSync(file) ? readFileSync(file, 'utf8') : null;
    },
    writeFile: (path, contents) => void (binary = path === 'module.wasm' ? contents : binary),
    listFiles: () => [],
  });
  if (error) throw new Error(`${source}: ${error.message}\n${stderr.toString()}`);
  return Buffer.from(binary);
}

/** Compiles what is newer than what was compiled from it. */
export async function buildWasm({ force = false } = {}) {
  for (const source of SOURCES) {
    const target = source.replace('.as.ts', '.generated.ts');
    const inputs = [source, fileURLToPath(import.meta.url)];
    const isFresh = existsSync(target) && inputs.every((file) => statSync(file).mtimeMs < statSync(target).mtimeMs);
    if (isFresh && !force) continue;
    const simd = await compile(source);
    const relaxed = await compile(source, '--enable', 'relaxed-simd');
    const text = `// Generated from an .as.ts (${simd.length} and ${relaxed.length} bytes). Do not edit.
export const SIMD_MODULE =
  '${simd.toString('base64')}';
export const RELAXED_MODULE =
  '${relaxed.toString('base64')}';
`;
    writeFileSync(target, text);
    console.log(`Compiled ${source.split('/').at(-1)}: ${simd.length} bytes, ${relaxed.length} with relaxed SIMD`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildWasm({ force: true });
