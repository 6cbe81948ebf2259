// SPDX-License-Identifier: Apache-2.0
/** Asks ES modules, in a process of their own: what runs the tests has CommonJS only. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

const root = resolve(__dirname, '../..');

/** The function that a module exports, called with arguments that are JSON, as is what it returns. */
export function callExported<T>(file: string, name: string, ...args: unknown[]): T {
  const script = `import { readFileSync } from 'node:fs';
    import { ${name} } from './${file}';
    console.log(JSON.stringify(${name}(...JSON.parse(readFileSync(0, 'utf8')))));`;
  return printedBy(script, JSON.stringify(args));
}

/** The JSON that a script prints, which imports from the root of the repository. */
export function printedBy<T>(script: string, input = ''): T {
  const how = { cwd: root, encoding: 'utf8', input, stdio: 'pipe' } as const;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], how)) as T;
}
