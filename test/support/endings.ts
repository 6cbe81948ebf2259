// SPDX-License-Identifier: Apache-2.0
/** What commands print and exit with that end before they begin: by their help, or by what is wrong in arguments. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(__dirname, '../..');

export interface Ending {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** In one process, as each of its own would load tfjs and transform the sources once more. */
const RUN_ALL = `
  const endings = [];
  for (const [n, [file, ...args]] of JSON.parse(process.argv[1]).entries()) {
    const ending = { status: 0, stdout: '', stderr: '' };
    const ended = new Error('ended');
    process.argv = [process.execPath, file, ...args];
    process.exit = (status = 0) => { ending.status = status; throw ended; };
    const writes = ['stdout', 'stderr'].map((name) => [name, process[name].write]);
    for (const [name] of writes) process[name].write = (text) => Boolean((ending[name] += text));
    await import(file + '?' + n).catch((error) => { if (error !== ended) throw error; });
    for (const [name, write] of writes) process[name].write = write;
    endings.push(ending);
  }
  console.log(JSON.stringify(endings));
`;

/** Runs commands, each a path from the root of the repository and its arguments. */
export function endings(commands: readonly (readonly string[])[]): Ending[] {
  const called = commands.map(([file, ...args]) => [pathToFileURL(resolve(root, file)).href, ...args]);
  const how = ['--import', 'tsx', '--input-type=module', '-e', RUN_ALL, JSON.stringify(called)];
  return JSON.parse(execFileSync(process.execPath, how, { cwd: root, encoding: 'utf8' })) as Ending[];
}
