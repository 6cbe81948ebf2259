// SPDX-License-Identifier: Apache-2.0
/** Our WGSL, compiled by Dawn (Chromium's WebGPU, in Node): of every layer, pass and variant, without a GPU. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

interface Seen {
  readonly programs: string[];
  readonly errors: string[];
}

it('is valid in every program; and a mistake in one would be found', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgsl-'));
  try {
    const file = join(folder, 'seen.json');
    // Jest takes no ES modules without a flag, and Dawn tells of errors on stdout as well.
    execFileSync(process.execPath, ['--import', 'tsx', 'test/wgsl/validate.ts', file], { stdio: 'pipe' });
    const { programs, errors, controls } = JSON.parse(readFileSync(file, 'utf8')) as Seen & { controls: Seen[] };
    expect(errors).toEqual([]);
    const kinds = ['correlation', 'direct correlation', 'filter gradient', 'direct filter gradient'];
    const added = [1, 4].flatMap((lanes) => [`partial sums ${lanes}`, `partial sums ${lanes}, then bias, prelu`]);
    const simulated = ['lane correlation', 'lane filter gradient', 'quad correlation', 'quad filter gradient'];
    const ofFewChannels = ['lane rows', 'lane phases'];
    const others = [
      'insert zeros',
      'col2im',
      'zeros',
      'finish',
      'floats',
      'finish, then relu',
      'finish, then bias, relu',
    ];
    for (const kind of [...kinds, ...added, ...simulated, ...ofFewChannels, ...others])
      expect(programs.filter((key) => key.startsWith(`conv2d-transpose: ${kind}`)).length).toBeGreaterThan(0);
    expect(controls.length).toBe(3);
    for (const { programs: broken, errors: found } of controls) {
      for (const key of broken) expect(found.some((text) => text.includes(`"${key}"`))).toBe(true);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
