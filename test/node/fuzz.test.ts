// SPDX-License-Identifier: Apache-2.0
/** The fuzz command: it finds what is wrong, makes it small, and finds it again by what it printed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import '../../kernels/cpu';
import type { Checked, FuzzCase } from '../fuzz/check';
import { BLOCK, Fuzzing, runInTurn } from '../fuzz/fuzzing';

const root = resolve(__dirname, '../..');
const ENVIRONMENTS = [{ name: 'cpu', backend: 'cpu' }];

/** Wrong where the kernel is wide and dilated; compares nothing. */
function planted({ layer: { kernel, dilations } }: FuzzCase): Checked {
  const wrong = kernel[1] >= 3 && dilations[1] >= 2 ? ['planted'] : [];
  return { comparisons: 1, wrong };
}

describe('fuzzing', () => {
  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
  });

  it('finds what is wrong, and the least case of it', async () => {
    const fuzzing = new Fuzzing(ENVIRONMENTS, 7, planted);
    for (let from = 0; (await fuzzing.runBlock(from, from + BLOCK)) && from < 20 * BLOCK; from += BLOCK);
    const { failures, cases, comparisons } = fuzzing.tally;
    expect(failures).toHaveLength(5);
    expect(comparisons).toBe(cases);
    for (const { least, wrong } of failures) {
      expect(wrong).toEqual(['planted']);
      expect([least.layer.kernel[1], least.layer.dilations[1]]).toEqual([3, 2]);
      expect([least.layer.batch, least.layer.groups, least.layer.inChannels]).toEqual([1, 1, 1]);
    }
    const indices = failures.map(({ index }) => index);
    expect([...new Set(indices)].sort((a, b) => a - b)).toEqual(indices);
  });

  it('finds it again at the index that it said, with that seed and no other case', async () => {
    const first = new Fuzzing(ENVIRONMENTS, 7, planted);
    for (let from = 0; (await first.runBlock(from, from + BLOCK)) && from < 20 * BLOCK; from += BLOCK);
    for (const { index } of first.tally.failures) {
      const again = new Fuzzing(ENVIRONMENTS, 7, planted);
      await again.runBlock(index, index + 1);
      expect([again.tally.cases, again.tally.failures[0]?.index]).toEqual([1, index]);
    }
  });

  it('goes on with others where one has found enough, and ends when all have', async () => {
    const [broken, right] = [planted, (): Checked => ({ comparisons: 1, wrong: [] })].map(
      (check) => new Fuzzing(ENVIRONMENTS, 7, check),
    );
    let blocks = 0;
    const counted = { runBlock: (from: number, to: number) => (blocks++, broken.runBlock(from, to)) };
    await runInTurn([counted, right], 0, 40 * BLOCK, () => false);
    expect(broken.tally.failures).toHaveLength(5);
    expect(blocks).toBeLessThan(40);
    expect(right.tally.cases).toBe(40 * BLOCK);
    const alone = new Fuzzing(ENVIRONMENTS, 7, planted);
    await runInTurn([alone], 0, Infinity, () => false);
    expect(alone.tally.failures).toHaveLength(5);
  });

  it('ends when it is stopped', async () => {
    let checked = 0;
    const fuzzing: Fuzzing = new Fuzzing(ENVIRONMENTS, 7, () => {
      if (++checked === 3) fuzzing.stop();
      return { comparisons: 1, wrong: [] };
    });
    expect(await fuzzing.runBlock(0, BLOCK)).toBe(false);
    expect(checked).toBe(3);
  });
});

describe('npm run fuzz', () => {
  const run = ['scripts/start.mjs', 'test/fuzz/fuzz.ts', '--no-install'];

  it('prints its seed and its counts', () => {
    const args = [...run, '--seed', '5', '--count', '4', '--backend', 'cpu,wasm,threads'];
    const printed = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', stdio: 'pipe' });
    expect(printed).toMatch(/^seed 5, \d+ s, cases from 0$/m);
    for (const backend of ['cpu', 'wasm', 'threads'])
      expect(printed).toMatch(new RegExp(`^${backend}: [1-9]\\d* comparisons of 4 cases, 0 wrong$`, 'm'));
  }, 120_000);

  it('exits with 1, and prints the case, when something is wrong', () => {
    const wrong = {
      layer: { batch: 1, inSize: [2, 2], kernel: [2, 2], strides: [2, 2], dilations: [1, 1], groups: 1 },
    };
    Object.assign(wrong.layer, { inChannels: 1, outChannels: 1, pads: [0, 0, 0, 0], outputPadding: [0, 0] });
    // Told of another pad than the layer has.
    const told = { told: { pad: 1, options: { dataFormat: 'NHWC' } }, values: 'uniform', variant: 'matmul' };
    const given = JSON.stringify({ ...wrong, ...told, more: 'nothing', activation: 'linear', bias: 'none' });
    const args = [...run, '--backend', 'wasm', '--case', given];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stdout).toContain('WRONG on wasm:\n  scatter: 4 elements, expected 16');
    expect(stdout).toContain(`--backend wasm --case '${given}'`);
  }, 120_000);
});
