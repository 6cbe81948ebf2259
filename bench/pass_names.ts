// SPDX-License-Identifier: Apache-2.0
/** The passes of a layer, as tables and options name them. */
export const PASSES = ['forward', 'input gradient', 'filter gradient'] as const;
export type Pass = (typeof PASSES)[number];
