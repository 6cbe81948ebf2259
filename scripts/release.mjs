// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run release -- 0.2.0` (or patch, minor, major): tests, dates the CHANGELOG, sets the version, commits and tags,
 * packs what would be published, and pushes. The tag has a workflow publish to npm. With `--dry-run` it does all of it
 * but the push, in a clone that is thrown away.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root } from './dependencies.mjs';

await prepare();
// Here, as they need dependencies.
const { Command } = await import('commander');
const { PLACEHOLDER, addressesOf } = await import('./addresses.mjs');
const { datedChangelog } = await import('./changelog.mjs');

const command = new Command('npm run release --')
  .argument('<version>', 'patch, minor, major, or the version itself')
  .option('--dry-run', 'all of it but the push, in a clone that is thrown away')
  .option('--skip-tests', 'for a commit that was tested; the workflow tests once more before it publishes')
  .parse();
const { dryRun, skipTests } = command.opts();

const windows = process.platform === 'win32';
const run = (cwd, program, ...args) => execFileSync(program, args, { cwd, stdio: 'inherit', shell: windows });
const answer = (cwd, program, ...args) => execFileSync(program, args, { cwd, encoding: 'utf8', shell: windows }).trim();
const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

const { owner } = addressesOf(manifestOf(root));
const obstacles = [
  [answer(root, 'git', 'status', '--porcelain') !== '', 'the working tree has changes: commit them'],
  [answer(root, 'git', 'rev-parse', '--abbrev-ref', 'HEAD') !== 'main', 'this is not branch main'],
  [owner === PLACEHOLDER, 'the project has no home: set repository.url in package.json, then npm run address'],
]
  .filter(([stands]) => stands)
  .map(([, what]) => what);
if (obstacles.length > 0) console.log(`In the way of a release: ${obstacles.join('; ')}`);
if (obstacles.length > 0 && !dryRun) process.exit(1);

const folder = dryRun ? clone() : root;
try {
  if (!skipTests) run(folder, 'npm', 'test');
  run(folder, 'npm', 'version', command.args[0], '--no-git-tag-version', '--allow-same-version');
  const { version } = manifestOf(folder);
  const changelog = join(folder, 'CHANGELOG.md');
  const day = new Date().toISOString().slice(0, 10);
  try {
    writeFileSync(changelog, datedChangelog(readFileSync(changelog, 'utf8'), version, day));
    run(folder, 'npm', 'pack', '--dry-run');
  } catch (error) {
    // Nothing is committed yet, and nothing else was changed.
    run(folder, 'git', 'checkout', '--', 'package.json', 'package-lock.json', 'CHANGELOG.md');
    throw error;
  }
  run(folder, 'git', 'commit', '--all', '--message', `Release ${version}`);
  run(folder, 'git', 'tag', '--annotate', `v${version}`, '--message', `Version ${version}`);
  if (dryRun) console.log(`Dry run: version ${version} is ready; nothing was pushed, and this tree is as it was.`);
  else run(folder, 'git', 'push', '--follow-tags', 'origin', 'main');
} finally {
  if (dryRun) rmSync(folder, { recursive: true, force: true });
}

/** A clone of what is committed, on the same dependencies. */
function clone() {
  const path = mkdtempSync(join(tmpdir(), 'release-'));
  run(root, 'git', 'clone', '--quiet', root, path);
  for (const key of ['user.name', 'user.email']) {
    const value = answer(root, 'git', 'log', '-1', `--format=%a${key === 'user.name' ? 'n' : 'e'}`);
    run(path, 'git', 'config', key, value);
  }
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'), 'junction');
  return path;
}
