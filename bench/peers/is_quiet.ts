// SPDX-License-Identifier: Apache-2.0
/** What Node exposes to a page of it: whether the machine is quiet. */

/** Its name among the page's globals. */
export const IS_QUIET = 'isQuiet';

export function isQuietInNode(): Promise<boolean> {
  return (globalThis as unknown as Record<typeof IS_QUIET, () => Promise<boolean>>)[IS_QUIET]();
}
