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
