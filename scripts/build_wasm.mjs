// SPDX-License-Identifier: Apache-2.0
/**
 * Compiles AssemblyScript. Each `NAME.as.ts` becomes `NAME.generated.ts` beside it, which holds two modules as base64:
 * without and with relaxed SIMD. A source may import plain TypeScript files by relative paths, for constants that it
 * shares with its caller, and AssemblyScript from a folder `parts`, whose files are not compiled by themselves. And it
 * bundles workers: each `worker.ts` becomes `worker.generated.ts`, which holds a script as text.
 *
 *     node scripts/build_wasm.mjs kernels         compiles what has changed in a folder
 *     node scripts/build_wasm.mjs kernels bench   in two
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const FLAGS = '-O3 --converge --runtime stub --importMemory --noAssert --use abort= --enable simd'.split(' ');
/** What every output depends on, besides the sources. Paths are from the root of the repository. */
const COMPILER = ['scripts/build_wasm.mjs', 'node_modules/assemblyscript/package.json'];
const INPUTS = '// Inputs: ';

/** Compiles all sources in some folders of the repository, at any depth. */
export async function buildWasm(...folders) {
  for (const folder of folders) {
    const all = readdirSync(root + folder, { recursive: true }).map(
      (name) => `${folder}/${name.replaceAll('\\', '/')}`,
    );
    const files = all.filter((name) => name.endsWith('.as.ts'));
    const parts = new Set(files.flatMap(importsOf));
    for (const source of files.filter((file) => !parts.has(file)).sort()) await compileAssemblyScript(source);
    for (const source of all.filter((name) => name.endsWith('/worker.ts'))) await bundleWorker(source);
  }
}

/** The files that a source imports by relative paths. */
function importsOf(file) {
  const specifiers = readFileSync(root + file, 'utf8').matchAll(/\b(?:from|import) '(\.[^']*)'/g);
  return [...specifiers].map(([, specifier]) => `${posix.join(posix.dirname(file), specifier)}.ts`);
}

/** Compiles a source (a path from the root of the repository), unless what it would be compiled from is unchanged. */
export async function compileAssemblyScript(source) {
  const target = root + source.replace(/\.as\.ts$/, '.generated.ts');
  if (isFresh(target)) return;
  const simd = await compile(source);
  const relaxed = await compile(source, '--enable', 'relaxed-simd');
  const files = new Set([...simd.files, ...relaxed.files, ...COMPILER]);
  const sizes = `${simd.binary.length} bytes, ${relaxed.binary.length} with relaxed SIMD`;
  write(
    target,
    source,
    sizes,
    files,
    `export const SIMD_MODULE =
  '${simd.binary.toString('base64')}';
export const RELAXED_MODULE =
  '${relaxed.binary.toString('base64')}';
`,
  );
}

/** Bundles a worker with what it imports, as a script for any platform, unless nothing of that has changed. */
async function bundleWorker(source) {
  const target = root + source.replace(/\.ts$/, '.generated.ts');
  if (isFresh(target)) return;
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    entryPoints: [source],
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2020',
    external: ['worker_threads'],
    write: false,
    metafile: true,
  });
  const script = outputFiles[0].text.trim();
  const files = [...Object.keys(metafile.inputs), 'scripts/build_wasm.mjs', 'node_modules/esbuild/package.json'];
  write(target, source, `${script.length} bytes`, files, `export const WORKER_SCRIPT = ${JSON.stringify(script)};\n`);
}

function write(target, source, sizes, files, code) {
  const inputs = Object.fromEntries([...files].map((file) => [file, hashOf(file)]));
  const head = `// Compiled from ${basename(source)}: ${sizes}. Do not edit.\n${INPUTS}${JSON.stringify(inputs)}\n`;
  writeFileSync(target, head + code);
  console.log(`Compiled ${source}: ${sizes}`);
}

/** Whether all files that an output was compiled from are as they were then. */
function isFresh(target) {
  if (!existsSync(target)) return false;
  const line = readFileSync(target, 'utf8').split('\n')[1];
  if (!line.startsWith(INPUTS)) return false;
  return Object.entries(JSON.parse(line.slice(INPUTS.length))).every(([file, hash]) => hashOf(file) === hash);
}

function hashOf(file) {
  if (!existsSync(root + file)) return 'missing';
  return createHash('sha256')
    .update(readFileSync(root + file))
    .digest('hex')
    .slice(0, 16);
}

/** The binary, and the files that it was compiled from. */
async function compile(source, ...features) {
  const { default: asc } = await import('assemblyscript/asc');
  const files = [];
  let binary;
  const { error, stderr } = await asc.main([source, '--outFile', 'module.wasm', ...FLAGS, ...features], {
    readFile: (path) => {
      if (!path.endsWith('.ts') || !existsSync(root + path)) return null;
      files.push(path);
      return readFileSync(root + path, 'utf8');
    },
    writeFile: (path, contents) => {
      if (path === 'module.wasm') binary = contents;
    },
    listFiles: () => [],
  });
  if (error) throw new Error(`${source}: ${error.message}\n${stderr.toString()}`);
  return { binary: Buffer.from(binary), files };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildWasm(...process.argv.slice(2));
