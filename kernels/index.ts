// SPDX-License-Identifier: Apache-2.0
/** Every backend that has kernels of ours, a line each. Importing this registers them all. */
export { descriptor as cpu } from './cpu';
export { descriptor as wasm } from './wasm';
export { descriptor as webgl } from './webgl';
export { descriptor as webgpu } from './webgpu';
