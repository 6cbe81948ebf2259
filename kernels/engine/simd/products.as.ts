// SPDX-License-Identifier: Apache-2.0
/**
 * The products of an engine in WebAssembly SIMD (AssemblyScript: `usize` is an address in bytes): what the module
 * exports. What they compute: ../engine; how operands get here: ../compile, ../simd_engine. Built twice from this one
 * source, with relaxed SIMD and without (./parts/vectors.as).
 */
export { channelProducts, channelSums } from './parts/channel_products.as';
export { dotProducts } from './parts/dot_products.as';
export { fuseCurves } from './parts/fused_sums.as';
export { groupProducts } from './parts/group_products.as';
export { groupSums } from './parts/group_sums.as';
export { outerSums } from './parts/outer_sums.as';
export { packedProducts } from './parts/packed_products.as';
export { packChannelRows, packRows } from './parts/packing.as';
export { clear, movePixels } from './parts/pixel_moves.as';
export { useShare } from './parts/share.as';
export { SCRATCH_BYTES, useScratch } from './parts/tile.as';
export { transformFilter, transformPixels, transformSums } from './parts/winograd.as';
