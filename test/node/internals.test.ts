// SPDX-License-Identifier: Apache-2.0
/** The linter lets one file for each backend reach into it, and no other. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';

const LINES = [
  'export const a = backend.texData;',
  'export const b = this.backend.gpgpu;',
  'export const { c } = backend;',
  'export const d = (backend as unknown as { e: 1 }).e;',
  'export const f = webglBackend.readSync(g);',
  'export const h = env().getBool(i);',
];
const FLAG = LINES.length - 1;

/** The lines that are refused in each file; linted in a process of its own: jest takes no ES modules without a flag. */
function refused(...files: string[]): number[][] {
  const script = `
    import { ESLint } from 'eslint';
    const eslint = new ESLint({ overrideConfig: { rules: { 'no-undef': 'off' } } });
    const [files, text] = JSON.parse(process.argv[1]);
    const found = [];
    for (const filePath of files) {
      const [{ messages }] = await eslint.lintText(text, { filePath });
      const lines = messages.filter(({ ruleId }) => ruleId === 'no-restricted-syntax').map(({ line }) => line - 1);
      found.push([...new Set(lines)]);
    }
    console.log(JSON.stringify(found));`;
  const args = ['--input-type=module', '-e', script, JSON.stringify([files, LINES.join('\n')])];
  const cwd = resolve(__dirname, '../..');
  return JSON.parse(execFileSync(process.execPath, args, { cwd, encoding: 'utf8' })) as number[][];
}

it('knows who may reach into a backend', () => {
  const all = LINES.map((_, n) => n);
  const allButFlags = all.filter((n) => n !== FLAG);
  expect(refused('kernels/webgl/new.ts', 'kernels/webgl/drawing/new.ts')).toEqual([all, all]);
  expect(refused('kernels/family/new.ts', 'kernels/cpu/new.ts')).toEqual([allButFlags, allButFlags]);
  expect(refused('kernels/webgl/tfjs_internals.ts', 'kernels/cpu/index.ts', 'kernels/wasm/index.ts')).toEqual([
    [],
    [],
    [],
  ]);
}, 120_000);
