// SPDX-License-Identifier: Apache-2.0
/** What decodes: a variant of ours, 'auto' among them, or stock. */
import { VARIANTS } from '../../src/contract';

export const DECODERS = ['auto', ...VARIANTS, 'stock'] as const;
export type DecoderName = (typeof DECODERS)[number];
