// SPDX-License-Identifier: Apache-2.0
/**
 * WebGPU in Node, by Dawn (npm's `webgpu`): what Chromium's WebGPU is made of. To be imported before tfjs's backend,
 * which looks for it when it is imported.
 */
import { create, globals } from 'webgpu';

/** Puts `navigator.gpu` where browsers have it. @param backend 'null' compiles everything and computes nothing. */
export function provideWebGPU(backend: 'null' | 'vulkan'): void {
  Object.assign(globalThis, globals);
  const navigator = globalThis.navigator ?? {};
  Object.defineProperty(navigator, 'gpu', { value: create([`backend=${backend}`]) });
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
}
