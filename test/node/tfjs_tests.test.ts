// SPDX-License-Identifier: Apache-2.0
/** What `npm run test:tfjs` calls a regression. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

interface Run {
  installed: string[];
  specs: { name: string; status: string; messages: string[] }[];
  errors: string[];
}
interface Comparison {
  ran: number;
  passedWithStock: number;
  passedWithOurs: number;
  passedWithBoth: number;
  passedWithOursOnly: number;
  problems: string[];
}

const root = resolve(__dirname, '../..');

/** A run of tests: `p` passed, `f` failed, `-` left out; all have the same name if one is given. */
function run(statuses: string, more: Partial<Run> & { name?: string } = {}): Run {
  const words: Record<string, string> = { p: 'passed', f: 'failed', '-': 'pending' };
  const specs = [...statuses].map((letter, i) => ({
    name: more.name ?? `test ${i}`,
    status: words[letter],
    messages: letter === 'f' ? [`says ${i}`] : [],
  }));
  return { installed: ['cpu/Conv2D'], specs, errors: [], ...more };
}

/** Jest takes no ES modules without a flag: a process of its own compares. */
function compare(stock: Run, ours: Run): Comparison {
  const code = `
    import { compareRuns } from './test/tfjs/compare.mjs';
    console.log(JSON.stringify(compareRuns(...${JSON.stringify([stock, ours])})));`;
  const args = ['--input-type=module', '-e', code];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })) as Comparison;
}

describe("a comparison of runs of tfjs's tests", () => {
  it('counts, and names what passes with stock only, with its message', () => {
    expect(compare(run('pppff-'), run('pfppf-'))).toEqual({
      ran: 5,
      passedWithStock: 3,
      passedWithOurs: 3,
      passedWithBoth: 2,
      passedWithOursOnly: 1,
      problems: ['  test 1\n    says 1'],
    });
  });

  it('finds a test that did not run, or was left out, with ours', () => {
    expect(compare(run('ppp'), run('p-')).problems).toEqual([
      '  test 1\n    It was pending.',
      '  test 2\n    It did not run.',
    ]);
  });

  it('tells tests of one name apart', () => {
    const name = 'twice';
    expect(compare(run('fp', { name }), run('pf', { name })).problems).toEqual([
      '  twice (no. 2 of this name)\n    says 1',
    ]);
  });

  it('finds errors outside of tests that stock does not have', () => {
    const [stock, ours] = [run('p', { errors: ['known'] }), run('p', { errors: ['known', 'new'] })];
    expect(compare(stock, ours).problems).toEqual(['  Outside of tests: new']);
  });

  it('fails if there was nothing to compare, or nothing installed', () => {
    expect(compare(run('f'), run('p')).problems).toEqual([
      '  No test passed with stock: there was nothing to compare.',
    ]);
    expect(compare(run('p'), run('p', { installed: [] })).problems).toEqual(['  install() has installed nothing.']);
  });
});
