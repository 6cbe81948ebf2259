// SPDX-License-Identifier: Apache-2.0
/** What makes the project found and released: addresses, links, the CHANGELOG, workflows. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { callExported } from '../support/es_module';

const root = resolve(__dirname, '../..');
const datedChangelog = (...args: string[]): string => callExported('scripts/changelog.mjs', 'datedChangelog', ...args);

describe('the project', () => {
  it('has one address in all texts, and links that lead somewhere', () => {
    const printed = execFileSync(process.execPath, ['scripts/address.mjs', '--check'], { cwd: root, encoding: 'utf8' });
    expect(printed).toMatch(/^All addresses are those of https:\/\/github\.com\/[^\n]+\n$/);
  });

  it('moves with its owner and its name', () => {
    const url = 'git+https://github.com/someone/deconv.js.git';
    const before = {
      bugs: { url: 'https://github.com/OWNER/old-name/issues' },
      homepage: 'https://OWNER.github.io/old-name/',
    };
    const readdressed = (text: string, name: string): string =>
      callExported('scripts/addresses.mjs', 'readdressed', text, { name, repository: { url }, ...before });
    const textOf = (owner: string, name: string): string =>
      `https://github.com/${owner}/${name}/issues, https://raw.githubusercontent.com/${owner}/${name}/main/a.gif, ` +
      `[https://${owner}.github.io/${name}/](https://github.com/tensorflow/tfjs), npm install ${name}`;
    for (const name of ['old-name', 'the-package', 'deconv.js']) {
      const moved = textOf('someone', 'deconv.js').replace(/[^ ]+$/, name);
      expect(readdressed(textOf('OWNER', name), 'the-package')).toBe(moved);
    }
    const others = textOf('OWNER', 'old-name-of-others');
    expect(readdressed(others, 'the-package')).toBe(others);
  });

  it('dates what is unreleased when it is released', () => {
    const text = '# Changelog\n\n## Unreleased\n\n- New.\n\n## 0.1.0 – 2026-01-01\n\n- First.\n';
    expect(datedChangelog(text, '0.2.0', '2026-02-03')).toBe(
      '# Changelog\n\n## Unreleased\n\n## 0.2.0 – 2026-02-03\n\n- New.\n\n## 0.1.0 – 2026-01-01\n\n- First.\n',
    );
    expect(() => datedChangelog(text, '0.1.0', '2026-02-03')).toThrow('has version 0.1.0 already');
    expect(() => datedChangelog(text.replace('- New.', ''), '0.2.0', '2026-02-03')).toThrow(
      'nothing under "Unreleased"',
    );
  });

  it('pins the actions of its workflows, and gives them no more than they need', () => {
    const folder = join(root, '.github/workflows');
    for (const name of readdirSync(folder)) {
      const workflow = readFileSync(join(folder, name), 'utf8');
      const uses = [...workflow.matchAll(/uses: (\S+)/g)].map(([, action]) => action);
      expect([name, uses.filter((action) => !/@[0-9a-f]{40}$/.test(action))]).toEqual([name, []]);
      expect([name, /^permissions:\n {2}contents: read\n/m.test(workflow)]).toEqual([name, true]);
    }
  });
});
