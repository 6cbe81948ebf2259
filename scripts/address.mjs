// SPDX-License-Identifier: Apache-2.0
/**
 * Where the project lives. `repository.url` in package.json is the one place that says it; npm shows the README away
 * from the repository, so links and pictures there are absolute.
 *
 *     npm run address               writes it into all texts, after that line was changed
 *     npm run address -- --check    says what disagrees, which links lead nowhere, and which cannot work on npm
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addressesOf, readdressed } from './addresses.mjs';
import { anchorsOf, targetsOf } from './markdown.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file) => readFileSync(join(root, file), 'utf8');

/** Texts with addresses; what tools write has none. */
const TEXTS = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** What is wrong with a target in a text, if anything is. */
function fault(target, file, { page, pictures, site }) {
  const [path, anchor] = target.split('#');
  if (path === '') return anchorsOf(read(file)).includes(anchor) ? undefined : 'has no such heading';
  for (const prefix of [`${page}/blob/main/`, `${pictures}/main/`])
    if (path.startsWith(prefix)) return faultOfFile(path.slice(prefix.length), anchor);
  if (path.startsWith(`${site}/`)) {
    const folder = path.slice(site.length + 1);
    const isReference = folder === 'api/'; // put there when the site is published
    return folder === '' || isReference || existsSync(join(root, 'examples', folder, 'index.html'))
      ? undefined
      : 'is no page of the site';
  }
  if (/^https?:/.test(path)) return undefined;
  return file === 'README.md' ? 'is relative: npm cannot resolve it' : faultOfFile(join(dirname(file), path), anchor);
}

function faultOfFile(path, anchor) {
  if (!existsSync(join(root, path))) return 'does not exist';
  return anchor && path.endsWith('.md') && !anchorsOf(read(path)).includes(anchor) ? 'has no such heading' : undefined;
}

const manifest = JSON.parse(read('package.json'));
const addresses = addressesOf(manifest);
const derived = { homepage: `${addresses.site}/`, bugs: { url: `${addresses.page}/issues` } };

if (process.argv.includes('--check')) {
  const faults = TEXTS.flatMap((file) => {
    const text = read(file);
    const links = targetsOf(text).map((target) => [target, fault(target, file, addresses)]);
    return [
      ...(readdressed(text, manifest) === text ? [] : [`${file} says another address: npm run address`]),
      ...links.filter(([, what]) => what).map(([target, what]) => `${file}: ${target} ${what}`),
    ];
  });
  for (const [key, value] of Object.entries(derived))
    if (JSON.stringify(manifest[key]) !== JSON.stringify(value))
      faults.push(`package.json: ${key} is not ${JSON.stringify(value)}: npm run address`);
  console.log(faults.length === 0 ? `All addresses are those of ${addresses.page}` : faults.join('\n'));
  process.exitCode = faults.length === 0 ? 0 : 1;
} else {
  for (const file of TEXTS) writeFileSync(join(root, file), readdressed(read(file), manifest));
  writeFileSync(join(root, 'package.json'), `${JSON.stringify({ ...manifest, ...derived }, null, 2)}\n`);
  console.log(`All addresses are now those of ${addresses.page}`);
}
