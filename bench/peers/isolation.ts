// SPDX-License-Identifier: Apache-2.0
/** What a server sends with a page, and with its scripts for workers, so that it is cross-origin isolated. */
export const ISOLATING_HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
