// SPDX-License-Identifier: Apache-2.0
/** Calls on `webgpu` that find no memory: told of once, right as soon as there is some, left out by `tune`. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import type { Call, Tuned } from '../wgsl/out_of_memory';

interface Seen {
  readonly played: Record<string, Call[]>;
  readonly tuned: Tuned;
}
let seen: Seen;
beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'memory-'));
  try {
    const file = join(folder, 'seen.json');
    // Jest takes no ES modules without a flag, and Dawn tells of errors on stdout as well.
    execFileSync(process.execPath, ['--import', 'tsx', 'test/wgsl/out_of_memory.ts', file], { stdio: 'pipe' });
    seen = JSON.parse(readFileSync(file, 'utf8')) as Seen;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

it('a call is repeated on buffers made anew, wherever the memory was, and the message says that it can be', () => {
  const { 'in another pool': other, ...known } = seen.played;
  expect(Object.keys(known).length).toBe(4);
  for (const [name, [warm, short, next, ...later]] of Object.entries(known)) {
    expect([name, warm]).toEqual([name, { thrown: '', told: 0 }]);
    expect([name, short.thrown, short.told > 0]).toEqual([name, '', true]);
    expect(next.thrown).toMatch(
      /no memory left for .* Dispose tensors or .* make these calls again\. The GPU said: Out of memory/,
    );
    expect([name, later.map(({ thrown, told }) => [thrown, told])]).toEqual([name, Array(5).fill(['', 0])]);
  }
  // As it is where nothing can be done: the buffer that is none comes back for ever.
  expect(other.filter(({ told }) => told > 0).length).toBeGreaterThan(3);
});

it('tune leaves out the one whose memory it was, and says so', () => {
  const { measured, warnings } = seen.tuned;
  expect(measured.sort()).toEqual(['dilate', 'scatter', 'subpixel']);
  expect(warnings).toEqual([
    expect.stringMatching(/tune leaves one out; 'matmul' failed at the forward pass of x \[.* had no memory left for/),
  ]);
});
