// SPDX-License-Identifier: Apache-2.0
/** A sample of the webgl programs, compiled for AMD's GPUs (npm run bench:shaders): registers suffice. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { registersOf } from '../../kernels/webgl/device';

/** A layer of stride 2: by its variants and gradients it takes most forms of a correlation. */
const LAYER = 'ae-train';
/** Jest takes no ES modules without a flag, so a process of its own says which compilers are missing, if any. */
const ASK = `import('./bench/shaders/tools.ts').then(({ findAmdTools }) => console.log(findAmdTools().missing ?? ''))`;
const missing = execFileSync(process.execPath, ['--import', 'tsx', '-e', ASK], { encoding: 'utf8' }).trim();
if (missing !== '')
  console.warn(`Skipped: the shaders are not compiled for other GPUs, which takes ${missing}; npm run bench:shaders`);

/** Registers that a program may take: those that its name says, or 128, with which 4 waves share a unit of RDNA2. */
const registersFor = (name: string): number => Number(/(\d+) registers/.exec(name)?.[1] ?? 128);

interface Program {
  readonly name: string;
  readonly amd: Readonly<Record<string, { readonly registers: number; readonly spills: number }>>;
}

(missing === '' ? it : it.skip)(
  'spill nothing on GPUs of AMD, by their own compiler',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'shaders-'));
    try {
      const json = join(folder, 'programs.json');
      const args = ['--import', 'tsx', 'bench/bench_shaders.ts', '--no-stock', '-w', LAYER, '-j', json];
      const env = { ...process.env, NO_INSTALL: '1' };
      const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
      expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
      const { programs } = JSON.parse(readFileSync(json, 'utf8')) as {
        programs: Record<string, Program[]>;
      };
      const all = Object.values(programs).flat();
      expect(new Set(all.map(({ name }) => registersFor(name)))).toEqual(new Set([128, 64]));
      const bad = all.filter(({ name, amd }) =>
        Object.values(amd).some(({ registers, spills }) => spills > 0 || registers > registersFor(name)),
      );
      expect(bad).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  60_000,
);

it('take few registers where a name says that there are few, or says nothing', () => {
  const few = [
    'Mali-G57',
    'Adreno (TM) 650',
    'ANGLE (ARM, Mali-G78, OpenGL ES 3.2)',
    'PowerVR Rogue GE8320',
    'VideoCore IV HW',
    'V3D 4.2',
    'ANGLE (Broadcom, V3D 4.2.14.0, OpenGL ES 3.1 Mesa)',
    'Mozilla',
    '',
  ];
  const more = [
    'Apple GPU',
    'ANGLE (Apple, Apple M1, OpenGL 4.1)',
    'ANGLE (NVIDIA, NVIDIA GeForce RTX 3060)',
    'llvmpipe',
  ];
  expect(few.map(registersOf)).toEqual(few.map(() => 64));
  expect(more.map(registersOf)).toEqual(more.map(() => 128));
});
