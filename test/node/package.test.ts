// SPDX-License-Identifier: Apache-2.0
/**
 * The package as a stranger gets it: packed, installed in an empty folder beside tfjs, and used from every module
 * system, a bundler, a script tag and TypeScript.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import vm from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSync } from 'esbuild';
import ts from 'typescript';
import { ISOLATING_HEADERS } from '../../bench/peers/isolation';
import { REPLACEABLE } from '../../src';
import { launchChromium } from '../support/chromium';
import { callExported } from '../support/es_module';

const root = resolve(__dirname, '../..');
const tfjsCore = readFileSync(join(root, 'node_modules/@tensorflow/tfjs-core/package.json'), 'utf8');
const TFJS = (JSON.parse(tfjsCore) as { version: string }).version;
const windows = process.platform === 'win32';

/** What never ends is an error: while it runs, jest can't say so. */
function execute(command: string, args: string[], cwd: string): string {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    shell: windows,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 180_000,
  });
}

/** An empty folder into which the tarball and some packages are installed. */
function install(tarball: string, packages: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'tfjs-conv2d-transpose-'));
  writeFileSync(join(folder, 'package.json'), '{"private": true}');
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  execute('npm', ['install', ...flags, tarball, ...packages], folder);
  return folder;
}

/** TypeScript's own files and Node's types, parsed once for all programs that see them alike. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/** What TypeScript says of files; '' if nothing. */
function typeErrors(folder: string, files: readonly string[], module: string, moduleResolution: string): string {
  const typeRoots = [join(root, 'node_modules/@types')];
  const given = { noEmit: true, strict: true, skipLibCheck: true, target: 'es2022', types: ['node'], typeRoots };
  const how = { ...given, ignoreDeprecations: '6.0', module, moduleResolution };
  const { options, errors } = ts.convertCompilerOptionsFromJson(how, folder);
  const host = ts.createCompilerHost(options);
  const parse = host.getSourceFile.bind(host);
  host.getCurrentDirectory = () => folder;
  host.getSourceFile = (name, language) => {
    if (!resolve(name).startsWith(resolve(root))) return parse(name, language);
    const key = JSON.stringify([name, language]);
    if (!parsed.has(key)) parsed.set(key, parse(name, language));
    return parsed.get(key);
  };
  const paths = files.map((file) => join(folder, file));
  const program = ts.createProgram(paths, options, host);
  return ts.formatDiagnostics([...errors, ...ts.getPreEmitDiagnostics(program)], host);
}

/**
 * Some lines in the two module systems, given the module that holds tf. Threads that `…/cpu` starts are those of
 * `…/wasm`, and compute; forgotten, they end with the process.
 */
const USE = `
  const check = async () => {
    await tf.setBackend('cpu');
    const x = tf.ones([1, 2, 2, 1]);
    const filter = tf.ones([3, 3, 1, 1]);
    const profile = await tf.profile(() => conv2dTranspose(x, filter, undefined, 2, 'same', { variant: 'matmul' }));
    const [dx] = tf.grads((a, b) => conv2dTranspose(a, b, undefined, 2, 'same'))([x, filter]);
    const y = conv2dTranspose(x, filter, undefined, 2, 'same', { variant: 'scatter' });
    const values = [y, dx].map((tensor) => Array.from(tensor.dataSync()));
    const seeded = (shape, seed) => tf.randomNormal(shape, 0, 1, 'float32', seed);
    const [image, weights] = [seeded([1, 48, 48, 64], 1), seeded([4, 4, 64, 64], 2)];
    const large = () => conv2dTranspose(image, weights, undefined, 2, 'same').dataSync();
    const alone = large();
    await setThreads(2);
    let woken = 0;
    const { notify } = Atomics;
    Atomics.notify = (...given) => (woken++, notify(...given));
    const isSame = large().every((value, n) => value === alone[n]);
    console.log(JSON.stringify([threads(), woken > 0, isSame, profile.kernelNames.at(-1), ...values]));
  };
`;
const SCATTERED = [1, 1, 2, 1, 1, 1, 2, 1, 2, 2, 4, 2, 1, 1, 2, 1];
const ANSWER = [{ count: 2 }, true, true, 'Conv2DTransposeMatMul', SCATTERED, [9, 6, 6, 4]];
const esm = (tfFrom: string): string => `import * as tf from '${tfFrom}';
import '@tensorflow/tfjs-backend-cpu';
import { conv2dTranspose } from 'tfjs-conv2d-transpose';
import { setThreads } from 'tfjs-conv2d-transpose/cpu';
import 'tfjs-conv2d-transpose/webgl';
import { threads } from 'tfjs-conv2d-transpose/wasm';
import 'tfjs-conv2d-transpose/webgpu';
${USE}
check();`;
const cjs = (tfFrom: string): string => `const tf = require('${tfFrom}');
require('@tensorflow/tfjs-backend-cpu');
const { conv2dTranspose } = require('tfjs-conv2d-transpose');
const { setThreads } = require('tfjs-conv2d-transpose/cpu');
require('tfjs-conv2d-transpose/webgl');
const { threads } = require('tfjs-conv2d-transpose/wasm');
require('tfjs-conv2d-transpose/webgpu');
${USE}
check();`;
/** ESM and CommonJS of everything in one process: still one engine and one set of kernels. */
const both = (tfFrom: string): string => `import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const assert = require('node:assert');
const other = require('tfjs-conv2d-transpose');
require('tfjs-conv2d-transpose/cpu');
${esm(tfFrom)}
assert.strictEqual(tf.engine(), require('${tfFrom}').engine());
assert.strictEqual(tf.engine(), require('@tensorflow/tfjs-core').engine());
await check();
assert.deepEqual(other.conv2dTranspose([[[[2]]]], [[[[3]]]], undefined, 1, 'same').arraySync(), [[[[6]]]]);`;
const typescript = (tfFrom: string): string => `import * as tf from '${tfFrom}';
import { type Conv2DTransposeOptions, conv2dTranspose, conv2dTransposeArithmetic } from 'tfjs-conv2d-transpose';
import 'tfjs-conv2d-transpose/cpu';
import 'tfjs-conv2d-transpose/webgl';
import 'tfjs-conv2d-transpose/wasm';
import 'tfjs-conv2d-transpose/webgpu';
const options: Conv2DTransposeOptions = { dilations: [1, 2], groups: 2, variant: 'matmul' };
const [x, filter] = [tf.ones<tf.Rank.R4>([1, 2, 2, 4]), tf.ones<tf.Rank.R4>([3, 3, 1, 4])];
const y: tf.Tensor4D = conv2dTranspose(x, filter, undefined, 2, 'same', options);
const stock: typeof tf.conv2dTranspose = conv2dTranspose;
const request = { xShape: x.shape, filterShape: filter.shape, strides: 2, pad: 1 };
const size: number = conv2dTransposeArithmetic(request).height.outSize;
// @ts-expect-error an unknown variant is a type error
conv2dTranspose(y, y, undefined, 2, 'same', { variant: 'fft' });
export { size, stock, y };`;
/** The layer of a saved model, and stock ops on our kernels. */
const layersAndInstall = `import * as tf from '@tensorflow/tfjs';
import { install } from 'tfjs-conv2d-transpose';
import 'tfjs-conv2d-transpose/cpu';
import { conv2dTranspose } from 'tfjs-conv2d-transpose/layers';
import 'tfjs-conv2d-transpose/graph';
const installed = install(); // before the backend is first used
await tf.setBackend('cpu');
const inputShape = [4, 4, 1];
const layer = conv2dTranspose({ filters: 2, kernelSize: 3, dilationRate: 2, inputShape, kernelInitializer: 'ones' });
const again = await tf.models.modelFromJSON(tf.sequential({ layers: [layer] }).toJSON(null, false));
console.log(JSON.stringify([installed, again.outputs[0].shape, again.predict(tf.ones([1, 4, 4, 1])).shape]));`;

describe('the packed tarball', () => {
  const folders: string[] = [];
  let tarball = '';
  let besideTfjs = '';
  let besideParts = '';

  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'tfjs-conv2d-transpose-pack-'));
    folders.push(folder);
    execute('npm', ['pack', '--loglevel=error', '--pack-destination', folder], root);
    tarball = join(folder, readdirSync(folder)[0]);
    besideTfjs = install(tarball, [`@tensorflow/tfjs@${TFJS}`]);
    besideParts = install(
      tarball,
      ['core', 'backend-cpu', 'backend-webgl'].map((part) => `@tensorflow/tfjs-${part}@${TFJS}`),
    );
    folders.push(besideTfjs, besideParts);
  }, 240_000);

  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

  const setups: [string, () => string, string][] = [
    ['@tensorflow/tfjs', () => besideTfjs, '@tensorflow/tfjs'],
    ['the separate packages', () => besideParts, '@tensorflow/tfjs-core'],
  ];
  it('has layers for saved models, and puts its kernels under stock ops', () => {
    writeFileSync(join(besideTfjs, 'layers.mjs'), layersAndInstall);
    const printed = execute(process.execPath, ['layers.mjs'], besideTfjs).trim().split('\n').at(-1)!;
    expect(JSON.parse(printed)).toEqual([REPLACEABLE.map((kernel) => `cpu/${kernel}`), [null, 8, 8, 2], [1, 8, 8, 2]]);
  });

  for (const [name, folderOf, tfFrom] of setups) {
    const runs = (file: string, source: string): unknown => {
      writeFileSync(join(folderOf(), file), source);
      return JSON.parse(execute(process.execPath, [file], folderOf()).trim().split('\n').at(-1)!);
    };

    it(`runs as ESM beside ${name}`, () => {
      expect(runs('use.mjs', esm(tfFrom))).toEqual(ANSWER);
    });

    it(`runs as CommonJS beside ${name}`, () => {
      expect(runs('use.cjs', cjs(tfFrom))).toEqual(ANSWER);
    });

    it(`runs as both at once beside ${name}, on one engine`, () => {
      expect(runs('both.mjs', both(tfFrom))).toEqual(ANSWER);
    });

    it(`runs through a bundler beside ${name}`, () => {
      writeFileSync(join(folderOf(), 'bundle_me.mjs'), esm(tfFrom));
      const { errors, warnings } = buildSync({
        entryPoints: [join(folderOf(), 'bundle_me.mjs')],
        bundle: true,
        platform: 'browser',
        format: 'iife',
        define: { global: 'globalThis' },
        external: [
          'node-fetch',
          'util',
          'string_decoder',
          'crypto',
          'os',
          'worker_threads',
          'perf_hooks',
          'fs',
          'path',
        ],
        outfile: join(folderOf(), 'bundled.cjs'),
        logLevel: 'silent',
      });
      expect([errors, warnings]).toEqual([[], []]);
      expect(JSON.parse(execute(process.execPath, ['bundled.cjs'], folderOf()).trim())).toEqual(ANSWER);
    });

    for (const [resolution, module, ...extensions] of [
      ['nodenext', 'nodenext', 'mts', 'cts'],
      ['bundler', 'esnext', 'ts'],
      ['node10', 'commonjs', 'ts'],
    ]) {
      it(`has types beside ${name}, under moduleResolution ${resolution}, in a .${extensions.join(', a .')}`, () => {
        const files = extensions.map((extension) => `types_${resolution}.${extension}`);
        for (const file of files) writeFileSync(join(folderOf(), file), typescript(tfFrom));
        expect(typeErrors(folderOf(), files, module, resolution)).toBe('');
      }, 60_000);
    }
  }

  it('has types of every entry, and a way into nothing else', () => {
    const folder = join(besideTfjs, 'node_modules/tfjs-conv2d-transpose');
    const entries = readdirSync(join(folder, 'dist/entries'))
      .filter((name) => name.endsWith('.mjs') && !name.endsWith('.d.mjs'))
      .map((name) => name.replace('.mjs', ''));
    expect(entries).toEqual(expect.arrayContaining(['cpu', 'graph', 'layers', 'wasm', 'webgl', 'webgpu']));
    const imports = entries.map((entry) => `import * as ${entry} from 'tfjs-conv2d-transpose/${entry}';`).join('\n');
    writeFileSync(join(besideTfjs, 'entries.mts'), `${imports}\nexport { ${entries.join(', ')} };`);
    // And the README's lines on WebGPU, which Node has not, in place of those that they replace.
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const [[first], [ofWebGPU]] = ['js', 'javascript'].map((language) =>
      callExported<string[]>('scripts/markdown.mjs', 'codeOf', readme, language),
    );
    const kept = first.split('\n').filter((line) => /^import .* from /.test(line));
    writeFileSync(join(besideTfjs, 'webgpu.mts'), [...kept, ofWebGPU].join('\n'));
    writeFileSync(join(besideTfjs, 'not_here.d.ts'), "declare module '@tensorflow/tfjs-backend-webgpu';");
    const files = ['entries.mts', 'webgpu.mts', 'not_here.d.ts'];
    expect(typeErrors(besideTfjs, files, 'nodenext', 'nodenext')).toBe('');

    const shared = readdirSync(join(folder, 'dist/shared')).map((name) => `shared/${name}`);
    const closed = [...shared, 'index', 'entries/cpu', 'dist/index.mjs', 'dist/entries/cpu.mjs', 'cpu.mjs'];
    writeFileSync(
      join(besideTfjs, 'opened.cjs'),
      `const isOpen = (path) => {
        try {
          return require.resolve('tfjs-conv2d-transpose/' + path) !== '';
        } catch {
          return false;
        }
      };
      console.log(JSON.stringify(${JSON.stringify([...entries, ...closed])}.filter(isOpen)));`,
    );
    expect(JSON.parse(execute(process.execPath, ['opened.cjs'], besideTfjs))).toEqual(entries);
  }, 60_000);

  it('never brings a second tfjs-core', () => {
    for (const [, folderOf] of setups) {
      expect(existsSync(join(folderOf(), 'node_modules/@tensorflow/tfjs-core'))).toBe(true);
      expect(existsSync(join(folderOf(), 'node_modules/tfjs-conv2d-transpose/node_modules'))).toBe(false);
    }
  });

  it("runs the README's code, block after block in one file", () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const blocks = callExported<string[]>('scripts/markdown.mjs', 'codeOf', readme, 'js');
    expect(blocks.length).toBeGreaterThan(4);
    writeFileSync(join(besideTfjs, 'readme.mjs'), blocks.join('\n'));
    // What its last lines print is the progress of tune, up to the end.
    expect(execute(process.execPath, ['readme.mjs'], besideTfjs).trim()).toMatch(/(?:^|\n)(\d+)\/\1$/);
  }, 60_000);

  it("turns a checkpoint of PyTorch into PyTorch's results, by the code of the page on migrating", () => {
    const page = readFileSync(join(root, 'docs/migrating.md'), 'utf8');
    const code = callExported<string[]>('scripts/markdown.mjs', 'codeOf', page, 'js').find((block) =>
      block.includes('generator.safetensors'),
    );
    // An input and what PyTorch makes of it lie in the same file, in its layout.
    const compare = `
      const inLayoutOfTfjs = (name) => load(name).transpose([0, 2, 3, 1]);
      const [given, wanted] = ['input', 'expected'].map(inLayoutOfTfjs);
      const error = generate(given).sub(wanted).abs().max().dataSync()[0];
      console.log(JSON.stringify([images.shape, wanted.shape, error]));`;
    writeFileSync(join(besideTfjs, 'migrated.mjs'), `${code}${compare}`);
    cpSync(join(root, 'test/fixtures/pytorch_generator.safetensors'), join(besideTfjs, 'generator.safetensors'));
    const printed = execute(process.execPath, ['migrated.mjs'], besideTfjs).trim().split('\n').at(-1)!;
    const [shape, wanted, error] = JSON.parse(printed) as [number[], number[], number];
    expect([shape, error < 1e-6]).toEqual([wanted, true]);
  });

  it('is within its budgets of size, which the README tells', () => {
    const cli = join(root, 'node_modules/size-limit/bin.js');
    // It exits with 1 where a budget is exceeded; its report says which.
    const { stdout } = spawnSync(process.execPath, [cli, '--json'], { cwd: root, encoding: 'utf8' });
    const sizes = JSON.parse(stdout) as { name: string; passed?: boolean }[];
    expect(sizes.filter(({ passed }) => passed === false)).toEqual([]);
    const budgets = JSON.parse(readFileSync(join(root, '.size-limit.json'), 'utf8')) as Record<string, string>[];
    const readme = readFileSync(join(root, 'README.md'), 'utf8').replace(/ +/g, ' ');
    for (const { name, limit } of budgets) if (limit) expect(readme).toContain(`| ${name} | ${limit} |`);
  }, 60_000);

  it('runs the quickstart as it stands', () => {
    cpSync(join(root, 'examples/quickstart/quickstart.mjs'), join(besideTfjs, 'quickstart.mjs'));
    expect(execute(process.execPath, ['quickstart.mjs'], besideTfjs)).toContain('[ 1, 8, 8, 3 ] [ 3, 3, 3, 8 ]');
  });

  it('extends the tf of a script tag', async () => {
    const script = (path: string): string => readFileSync(join(besideTfjs, 'node_modules', path), 'utf8');
    const page: Record<string, unknown> = { console: { ...console, warn: () => undefined }, performance, setTimeout };
    vm.createContext(page);
    vm.runInContext(script('@tensorflow/tfjs/dist/tf.min.js'), page);
    vm.runInContext(script('tfjs-conv2d-transpose/dist/tfjs-conv2d-transpose.min.js'), page);
    const answer = vm.runInContext(
      `tf.setBackend('cpu').then(() => {
        const [x, filter] = [tf.ones([1, 2, 2, 1]), tf.ones([3, 3, 1, 1])];
        const y = conv2dTransposePlugin.conv2dTranspose(x, filter, undefined, 2, 'same', { variant: 'scatter' });
        return Array.from(y.dataSync());
      })`,
      page,
    );
    expect(await answer).toEqual(SCATTERED);
  });

  it('has threads behind a script tag, in an isolated page', async () => {
    const scripts = ['@tensorflow/tfjs/dist/tf.min.js', 'tfjs-conv2d-transpose/dist/tfjs-conv2d-transpose.min.js'];
    const page = scripts.map((path) => `<script src="/${path}"></script>`).join('');
    const browser = await launchChromium();
    try {
      const tab = await browser.newPage();
      await tab.route('**/*', async (route) => {
        const { pathname } = new URL(route.request().url());
        const isScript = pathname.endsWith('.js');
        await route.fulfill({
          contentType: isScript ? 'text/javascript' : 'text/html',
          headers: ISOLATING_HEADERS,
          body: isScript ? readFileSync(join(besideTfjs, 'node_modules', pathname)) : `<!doctype html>${page}`,
        });
      });
      await tab.goto('https://page.invalid/');
      const answer = await tab.evaluate(`tf.setBackend('cpu').then(async () => {
        const seeded = (shape, seed) => tf.randomNormal(shape, 0, 1, 'float32', seed);
        const [x, filter] = [seeded([1, 48, 48, 64], 1), seeded([4, 4, 64, 64], 2)];
        const compute = () => conv2dTransposePlugin.conv2dTranspose(x, filter, undefined, 2, 'same').dataSync();
        const alone = compute();
        const count = await conv2dTransposePlugin.setThreads(2);
        return [count, conv2dTransposePlugin.threads(), compute().every((value, n) => value === alone[n])];
      })`);
      expect(answer).toEqual([2, { count: 2 }, true]);
    } finally {
      await browser.close();
    }
  }, 60_000);

  it('passes publint, and holds what it should', () => {
    const folder = join(besideTfjs, 'node_modules/tfjs-conv2d-transpose');
    const output = execute(
      process.execPath,
      [join(root, 'node_modules/publint/src/cli.js'), 'run', folder, '--strict'],
      root,
    );
    expect(output).toContain('All good!');
    expect(readdirSync(folder).sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json']);
  });
});
