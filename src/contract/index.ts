// SPDX-License-Identifier: Apache-2.0
/**
 * The contract between the op and the backends: the names of the family's kernels, what a call of one is told, and the
 * descriptor by which a backend says what it has. `src` reads descriptors, `kernels` makes them; neither imports the
 * other.
 */
export * from './descriptor';
export * from './fast_math';
export * from './passes';
export * from './registration';
export * from './stock_kernels';
export * from './support';
