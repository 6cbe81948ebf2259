// SPDX-License-Identifier: Apache-2.0
/** `npm start`: its arguments, its files, its time. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BOUND } from '../../bench/models/outcome';
import type { Results } from '../../bench/results';
import { foundChromium } from '../support/chromium';
import { type Ending, endings } from '../support/endings';

const root = resolve(__dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'compare-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

function startWith(env: Readonly<Record<string, string>>, ...args: string[]): Ended {
  return spawnSync(process.execPath, [join(root, 'scripts/start.mjs'), 'bench/compare.ts', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
}
const start = (...args: string[]): Ended => startWith({}, ...args);

describe('npm start', () => {
  it('compares, prints a table and writes JSON and a report that stands alone', () => {
    const [json, html] = [join(folder, 'out/result.json'), join(folder, 'out/report.html')];
    const what =
      '--backends cpu --workloads hand,selfie --variants matmul,subpixel --repeat 2 --time-budget 6 --models vae';
    const { status, stdout } = start(...what.split(' '), '--json', json, '--html', html);
    expect(status).toBe(0);
    expect(stdout).toMatch(/selfie.*forward.*matmul/);
    expect(stdout).toMatch(/VAE decoder 28²: cpu \d.*× stock \(.* ms, first call .* ms\)/);
    const results = JSON.parse(readFileSync(json, 'utf8')) as Results;
    const found = results.rows.map(({ workload, pass, contender }) => `${workload} ${pass} ${contender}`).sort();
    const expected = ['hand', 'selfie'].flatMap((name) => [
      ...['matmul', 'subpixel', 'stock'].map((by) => `${name} forward ${by}`),
      ...['input gradient', 'filter gradient'].flatMap((pass) =>
        ['ours', 'stock'].map((by) => `${name} ${pass} ${by}`),
      ),
    ]);
    expect(found).toEqual(expected.sort());
    for (const row of results.rows) {
      expect(row.ms).toBeGreaterThan(0);
      // What was not run says so; what was run was checked.
      expect(row.runs === 0).toBe(row.note.startsWith('extrapolated'));
      if (row.runs > 0) expect(row.error).toBeLessThanOrEqual(1);
    }
    expect(results.models).toHaveLength(1);
    expect(results.models[0].difference).toBeLessThanOrEqual(BOUND);
    // Stock takes seconds for the filter gradient of `hand`: not within this budget.
    const slow = results.rows.find(
      (row) => row.workload === 'hand' && row.pass === 'filter gradient' && row.contender === 'stock',
    )!;
    expect(slow.note).toBe('extrapolated from 1 of 256 input channels');
    expect(stdout).toContain('extrapolated');
    const report = readFileSync(html, 'utf8');
    expect(report).toContain('<li>VAE decoder 28²: cpu ');
    expect(report.match(/<svg/g)!.length).toBe(4);
    expect(report).toMatch(/Times as fast as stock tfjs: layer by layer [\d.]+ on cpu \(2 layers\), by the best/);
    expect(report).toMatch(/; whole models under install\(\) [\d.]+ on cpu \(1 model\)\./);
    expect(report).not.toMatch(/(src|href)="(?!#)/);
  }, 120_000);

  it('ends in time, and says for what there was none', () => {
    const json = join(folder, 'late.json');
    const what = '--backends cpu,wasm --variants subpixel --repeat 1 --time-budget 0.2 --models dcgan';
    const { status, stdout } = start(...what.split(' '), '--json', json, '--html', join(folder, 'late.html'));
    expect(status).toBe(0);
    const { skipped, rows } = JSON.parse(readFileSync(json, 'utf8')) as Results;
    for (const backend of ['cpu', 'wasm'])
      expect(skipped.join('\n')).toMatch(new RegExp(`${backend}, no time .*: forward.* of .*resnet-dx`));
    expect(rows.length).toBeLessThan(20);
    expect(stdout).toContain('Skipped:\n- ');
  }, 120_000);

  it('runs webgl in Chromium, into the same table', () => {
    const json = join(folder, 'webgl.json');
    const what = '--backends webgl --workloads selfie --variants matmul --repeat 1 --time-budget 30 --models none';
    const { status, stdout } = start(...what.split(' '), '--json', json, '--html', join(folder, 'webgl.html'));
    expect(status).toBe(0);
    expect(stdout).toMatch(/webgl.*selfie.*forward.*matmul/);
    const { rows, machine, skipped } = JSON.parse(readFileSync(json, 'utf8')) as Results;
    expect(rows.map(({ backend, pass, contender }) => `${backend} ${pass} ${contender}`)).toEqual([
      'webgl forward matmul',
      'webgl forward stock',
      'webgl input gradient ours',
      'webgl input gradient stock',
      'webgl filter gradient ours',
      'webgl filter gradient stock',
    ]);
    for (const { ms, error, runs } of rows) {
      expect(ms).toBeGreaterThan(0);
      expect(runs).toBeGreaterThan(0);
      expect(error).toBeLessThanOrEqual(1);
    }
    expect(machine).toMatch(/^webgl: Chromium/);
    expect(skipped).toEqual([]);
  }, 120_000);

  it('runs webgpu in Chromium, each row of several calls after one that compiles', () => {
    const json = join(folder, 'webgpu.json');
    const what = '--backends webgpu --workloads dcgan-g4 --variants subpixel --repeat 3 --time-budget 30 --models none';
    const { status } = start(...what.split(' '), '--json', json, '--html', join(folder, 'webgpu.html'));
    expect(status).toBe(0);
    const { rows, machine, skipped } = JSON.parse(readFileSync(json, 'utf8')) as Results;
    expect(rows.map(({ backend, pass, contender }) => `${backend} ${pass} ${contender}`)).toEqual([
      'webgpu forward subpixel',
      'webgpu forward stock',
      'webgpu input gradient ours',
      'webgpu input gradient stock',
      'webgpu filter gradient ours',
      'webgpu filter gradient stock',
    ]);
    for (const { ms, firstMs, error, runs, note } of rows) {
      expect(ms).toBeGreaterThan(0);
      expect(firstMs).toBeGreaterThan(0);
      expect(runs).toBeGreaterThanOrEqual(3);
      expect(note).toBe('');
      expect(error).toBeLessThanOrEqual(1);
    }
    expect(machine).toMatch(/^webgpu: Chromium/);
    expect(skipped).toEqual([]);
  }, 120_000);

  it('says it where the browser has no WebGPU, and does not fail', () => {
    const browser = join(folder, 'chromium');
    const leftOut = 'for a do case $a in *webgpu*|*Vulkan*) ;; *) set -- "$@" "$a" ;; esac; shift; done';
    const real = foundChromium().executablePath;
    writeFileSync(browser, `#!/bin/sh\n${leftOut}\nexec '${real}' "$@" --disable-features=WebGPU\n`);
    chmodSync(browser, 0o755);
    const json = join(folder, 'without.json');
    const what = '--backends webgpu --workloads selfie --time-budget 9 --models dcgan';
    const env = { CHROME_BIN: browser };
    const { status, stdout } = startWith(env, ...what.split(' '), '--json', json, '--html', join(folder, 'no.html'));
    expect(stdout).toMatch(/Skipped:\n- webgpu: Chromium [\d.]+ has no webgpu\n/);
    expect(status).toBe(0);
  }, 120_000);

  it('says why stock does not compute groups', () => {
    const json = join(folder, 'groups.json');
    const what = '--backends cpu --workloads mobile-d128 --variants subpixel --repeat 1 --time-budget 2 --models none';
    const { status } = start(...what.split(' '), '--json', json, '--html', join(folder, 'groups.html'));
    expect(status).toBe(0);
    const { rows, skipped } = JSON.parse(readFileSync(json, 'utf8')) as Results;
    const found = rows.map(({ pass, contender }) => `${pass} ${contender}`);
    expect(found).toEqual(['forward subpixel', 'input gradient ours', 'filter gradient ours']);
    expect(rows.every(({ error }) => error! <= 1)).toBe(true);
    expect(skipped).toContain('cpu forward, stock: stock tfjs has no dilation and no groups');
  }, 120_000);

  const wrong: [string[], RegExp][] = [
    [['--workloads', 'nonesuch'], /'nonesuch' is none of dcgan-g1/],
    [['--variants', 'fft'], /'fft' is none of scatter/],
    [['--backends', 'tpu'], /'tpu' is none of cpu, /],
    [['--models', 'gpt'], /'gpt' is none of dcgan, /],
    [['--repeat', '0'], /must be a number above 0/],
    [['--repeat', '1.5'], /must be a whole number/],
    [['--time-budget', 'long'], /must be a number above 0/],
    [['--nonesuch'], /unknown option '--nonesuch'/],
    [['nonesuch'], /too many arguments/],
  ];
  let refusals: Ending[] = [];
  beforeAll(() => {
    refusals = endings(wrong.map(([args]) => ['bench/compare.ts', ...args]));
  }, 60_000);
  for (const [n, [args, message]] of wrong.entries()) {
    it(`refuses ${args.join(' ')} with a usage line and exit code 2`, () => {
      const { status, stderr } = refusals[n];
      expect(stderr).toMatch(message);
      expect(stderr).toMatch(/Usage: npm start --/);
      expect(status).toBe(2);
    });
  }

  it('exits as what it starts', () => {
    const { status, stderr } = start('--nonesuch');
    expect([status, stderr]).toEqual([2, expect.stringMatching(/unknown option '--nonesuch'/)]);
  });
});
