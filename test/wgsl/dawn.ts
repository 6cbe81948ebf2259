// SPDX-License-Identifier: Apache-2.0
/**
 * WebGPU in Node, by Dawn (npm's `webgpu`): what Chromium's WebGPU is made of. To be called before tfjs's backend is
 * imported, which looks for WebGPU then.
 */
import { existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { create, globals } from 'webgpu';
import { findChromium } from '../../scripts/chromium.mjs';

/** SwiftShader comes with Chromium, in its folder (on Debian its command is a script elsewhere). */
function swiftShader(): string | undefined {
  const chromium = findChromium();
  const folders = [...(chromium ? [dirname(realpathSync(chromium))] : []), '/usr/lib/chromium'];
  return folders.map((folder) => `${folder}/vk_swiftshader_icd.json`).find(existsSync);
}

async function adapterOf(gpu: GPU): Promise<string | undefined> {
  const { vendor, device, description } = (await gpu.requestAdapter())?.info ?? {};
  return device && [vendor, device, description].filter((word) => word).join(', ');
}

/**
 * Puts `navigator.gpu` where browsers have it.
 *
 * @param backend 'null' compiles everything and computes nothing; 'vulkan' takes the driver that the machine or
 *   `VK_ICD_FILENAMES` has, else Chromium's SwiftShader.
 * @returns what it runs on; `undefined` if there is nothing.
 */
export async function provideWebGPU(backend: 'null' | 'vulkan'): Promise<string | undefined> {
  Object.assign(globalThis, globals);
  const make = (): GPU => create([`backend=${backend}`]);
  let gpu = make();
  let adapter = await adapterOf(gpu);
  const other = swiftShader();
  if (adapter === undefined && other !== undefined) {
    process.env.VK_ICD_FILENAMES = other;
    gpu = make();
    adapter = await adapterOf(gpu);
  }
  const navigator = globalThis.navigator ?? {};
  Object.defineProperty(navigator, 'gpu', { value: gpu });
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  return adapter;
}
