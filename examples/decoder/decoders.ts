// SPDX-License-Identifier: Apache-2.0
/** What decodes: a variant of ours that every backend has, 'auto' among them, or stock. */
import { EXACT_VARIANTS } from '../../src/contract';

export const DECODERS = ['auto', ...EXACT_VARIANTS, 'stock'] as const;
export type DecoderName = (typeof DECODERS)[number];
