// SPDX-License-Identifier: Apache-2.0
/** What becomes of CHANGELOG.md when a version is released. */

const UNRELEASED = '## Unreleased\n';
const HEADING = /^## Unreleased\n/m;

/** The text with what was unreleased under a version and its day, and nothing unreleased above it. */
export function datedChangelog(text, version, day) {
  if (new RegExp(`^## ${version.replaceAll('.', '\\.')} `, 'm').test(text))
    throw new Error(`CHANGELOG.md has version ${version} already: release another`);
  const at = text.search(HEADING);
  if (at < 0) throw new Error(`CHANGELOG.md has no line "${UNRELEASED.trim()}"`);
  const [before, after] = [text.slice(0, at), text.slice(at + UNRELEASED.length)];
  if (!/^- /m.test(after.split(/^## /m)[0])) throw new Error('CHANGELOG.md says nothing under "Unreleased"');
  return `${before}${UNRELEASED}\n## ${version} – ${day}\n${after}`;
}
