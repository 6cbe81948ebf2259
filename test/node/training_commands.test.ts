// SPDX-License-Identifier: Apache-2.0
/** `npm run gan` and `npm run decoder`: training, going on, evaluating; what is said of threads, and of arguments. */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { PNG } from 'pngjs';
import { makeDigits } from '../../examples/digits/generate';
import { decodeCheckpoint } from '../../examples/training/checkpoint';
import { idx } from '../support/idx';

jest.setTimeout(120_000);
tf.env().set('IS_TEST', true); // No advertisement for tfjs-node.

const root = resolve(__dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'training-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the commands', () => {
  const [GAN, DECODER] = ['examples/gan/cli.ts', 'examples/decoder/cli.ts'];
  const tsx = ['--import', 'tsx'];
  // A process that its threads kept from ending would hang, and jest with it.
  const command = (script: string, ...args: string[]): SpawnSyncReturns<string> => commandWith(tsx, script, ...args);
  const commandWith = (flags: string[], script: string, ...args: string[]): SpawnSyncReturns<string> => {
    const how = { cwd: root, encoding: 'utf8', timeout: 100_000 } as const;
    return spawnSync(process.execPath, [...flags, join(root, script), ...args], how);
  };
  const small = ['--examples', '16', '--batch', '8', '--backend', 'wasm', '--no-stock'];

  it('npm run gan trains, goes on after a stop, and evaluates', async () => {
    const out = join(folder, 'gan');
    const args = [...small, '--out', out, '--epochs'];
    // Stopped by a signal in the middle of a run far too long.
    const child = spawn(process.execPath, [...tsx, join(root, GAN), ...args, '100000'], { cwd: root });
    let printed = '';
    child.stdout.on('data', (text: Buffer) => (printed += text.toString()));
    let exited: number | null = null;
    child.on('exit', (status) => (exited = status));
    const has = (): boolean => existsSync(join(out, 'checkpoint.safetensors'));
    for (let n = 0; n < 400 && !has() && exited === null; n++) await new Promise((resume) => setTimeout(resume, 50));
    expect([exited, printed, has()]).toEqual([null, expect.any(String), true]);
    child.kill('SIGTERM');
    expect(await new Promise((resolveExit) => child.on('exit', resolveExit))).toBe(128 + constants.signals.SIGTERM);
    const step = Number(/Stopped at step (\d+)/.exec(printed)?.[1]);
    expect(step).toBeGreaterThan(0);
    const { metadata } = decodeCheckpoint(new Uint8Array(readFileSync(join(out, 'checkpoint.safetensors'))));
    expect(metadata).toEqual({ kind: 'dcgan', seed: '1', step: `${step}` });

    const epochs = Math.ceil((step + 1) / 2);
    const resumed = command(GAN, ...args, `${epochs}`, '--threads', '3');
    expect(resumed.stderr).not.toMatch(/Error/);
    expect(resumed.stdout).toContain('Large layers on cpu and wasm run on 3 threads.');
    expect(resumed.stdout).toContain(`Going on at step ${step} of ${2 * epochs}`);
    const picture = PNG.sync.read(readFileSync(join(out, 'samples.png')));
    expect([picture.width, picture.height]).toEqual([596, 596]);
    const already = `has ${2 * epochs} steps already; --epochs ${epochs + 1} would go on`;
    expect(command(GAN, ...args, '1').stdout).toContain(already);

    const evaluated = command(GAN, ...'--evaluate --judge-steps 10 --examples 64 --out'.split(' '), out);
    expect(evaluated.stdout).toMatch(/Classifier: \d+\.\d % right on 2000 digits/);
    expect(evaluated.stdout).toMatch(/sure of \(≥ 90 %\).*effective classes of 10.*Fréchet distance.*share of 9/s);

    const other = command(GAN, '--kind', 'wgan-gp', ...args, '1');
    expect(other.status).toBe(1);
    expect(other.stderr).toContain('is of kind dcgan, not wgan-gp: say --kind dcgan');
    writeFileSync(join(out, 'checkpoint.safetensors'), 'nonsense');
    expect(command(GAN, ...args, '1').stderr).toContain('is no safetensors file');
  });

  it('npm run decoder trains, on MNIST’s own files if told so, and writes the plane and the weights', () => {
    const [out, weights, mnist] = ['decoder', 'weights.safetensors', 'mnist'].map((name) => join(folder, name));
    const { images, labels } = makeDigits(16, 'as MNIST');
    mkdirSync(mnist);
    const bytes = Uint8Array.from(images, (ink) => 255 * ink);
    writeFileSync(join(mnist, 'train-images-idx3-ubyte'), idx([16, 28, 28], bytes));
    writeFileSync(join(mnist, 'train-labels-idx1-ubyte'), idx([16], labels));
    const args = ['--batch', '8', '--backend', 'wasm', '--no-stock', '--epochs', '1', '--out', out];
    // Where no thread can be started, as a policy has it.
    const refusing = `import threads from 'node:worker_threads';
      threads.Worker = class { constructor() { throw new Error('forbidden here'); } };`;
    const flags = [...tsx, '--import', `data:text/javascript,${encodeURIComponent(refusing)}`];
    const { stdout, status } = commandWith(
      flags,
      DECODER,
      ...args,
      '--threads',
      '2',
      '--mnist',
      mnist,
      '--weights',
      weights,
    );
    const why = "1 thread: a thread can't be started: forbidden here.";
    const said = new RegExp(`A step of 8 images takes .* on wasm.*Large layers .* run on ${why}.*Done: 2 steps`, 's');
    expect([status, stdout]).toEqual([0, expect.stringMatching(said)]);
    const picture = PNG.sync.read(readFileSync(join(out, 'samples.png')));
    expect([picture.width, picture.height]).toEqual([956, 956]);
    const names = Object.keys(decodeCheckpoint(new Uint8Array(readFileSync(weights))).tensors);
    expect(names.some((name) => name.startsWith('decoder/'))).toBe(true);
    expect(names.some((name) => name.includes('adam'))).toBe(false);
    const missing = command(DECODER, ...args, '--mnist', join(folder, 'nowhere'));
    expect([missing.status, missing.stderr]).toEqual([1, expect.stringMatching(/^MNIST: there is no .*nowhere/)]);
  });

  it('say what is wrong with an argument', () => {
    const { status, stderr } = command(GAN, '--epochs', 'many');
    expect(status).toBe(1);
    expect(stderr).toContain("'many' is invalid. It must be a whole number of at least 1.");
    const nothing = command(GAN, '--evaluate', '--out', join(folder, 'none'));
    expect(nothing.stderr).toMatch(/There is no .*checkpoint.safetensors to evaluate: train first/);
  });
});
