// SPDX-License-Identifier: Apache-2.0
/** Asks an ES module of the repository, in a process of its own: what runs the tests has CommonJS only. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

const root = resolve(__dirname, '../..');

/** The function that a module exports, called with arguments that are JSON, as is what it returns. */
export function callExported<T>(file: string, name: string, ...args: unknown[]): T {
  const script = `import { readFileSync } from 'node:fs';
    import { ${name} } from './${file}';
    console.log(JSON.stringify(${name}(...JSON.parse(readFileSync(0, 'utf8')))));`;
  const flags = ['--input-type=module', '-e', script];
  const how = { cwd: root, encoding: 'utf8', input: JSON.stringify(args), stdio: 'pipe' } as const;
  return JSON.parse(execFileSync(process.execPath, flags, how)) as T;
}
