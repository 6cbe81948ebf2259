// SPDX-License-Identifier: Apache-2.0
/** The addresses of the project, all of them from package.json's `repository.url`. */

/** The owner that is nobody's, until the project has a home. */
export const PLACEHOLDER = 'OWNER';

/** The addresses that follow from package.json's `repository.url`. */
export function addressesOf({ repository: { url } }) {
  const [, owner, name] = /^git\+https:\/\/github\.com\/([\w-]+)\/([\w.-]+)\.git$/.exec(url) ?? [];
  if (!owner) throw new Error(`repository.url must be git+https://github.com/OWNER/NAME.git, but is ${url}`);
  return {
    owner,
    page: `https://github.com/${owner}/${name}`,
    pictures: `https://raw.githubusercontent.com/${owner}/${name}`,
    site: `https://${owner}.github.io/${name}`,
  };
}

/** Names that the project goes or went by: the repository's, the package's, those of addresses not yet rewritten. */
function namesOf({ name, repository, homepage, bugs }) {
  const page = addressesOf({ repository }).page;
  return [page, homepage, bugs?.url]
    .map((url) => /^https:\/\/(?:github\.com\/[\w-]+|[\w-]+\.github\.io)\/([\w.-]+)/.exec(url ?? '')?.[1])
    .concat(name)
    .filter(Boolean);
}

/** A text with all addresses of the project, whoever owned it and whatever it was called, turned into those of now. */
export function readdressed(text, manifest) {
  const { page, pictures, site } = addressesOf(manifest);
  const names = namesOf(manifest).map((name) => name.replaceAll('.', '\\.'));
  const rest = `/(?:${names.join('|')})(?![\\w-])`;
  return text
    .replace(new RegExp(`https://github\\.com/[\\w-]+${rest}`, 'g'), page)
    .replace(new RegExp(`https://raw\\.githubusercontent\\.com/[\\w-]+${rest}`, 'g'), pictures)
    .replace(new RegExp(`https://[\\w-]+\\.github\\.io${rest}`, 'g'), site);
}
