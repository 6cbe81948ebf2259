// SPDX-License-Identifier: Apache-2.0
/**
 * WebGPU in Node, by Dawn (npm's `webgpu`): what Chromium's WebGPU is made of. To be called before tfjs's backend is
 * imported, which looks for WebGPU then.
 */
import { existsSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { create, globals } from 'webgpu';
import { findChromium } from '../../scripts/chromium.mjs';

const SWIFT_SHADER = 'vk_swiftshader_icd.json';
/** Of `dlopen`, on Linux: what was loaded stays. */
const RTLD_NODELETE = 0x1000;

/** The folder of SwiftShader, which comes with Chromium (on Debian its command is a script elsewhere). */
function folderOfSwiftShader(): string | undefined {
  const chromium = findChromium();
  const folders = [...(chromium ? [dirname(realpathSync(chromium))] : []), '/usr/lib/chromium'];
  return folders.find((folder) => existsSync(`${folder}/${SWIFT_SHADER}`));
}

/**
 * Takes the drivers of a folder, and the Vulkan library there, which Dawn asks the system for: one of that name that is
 * loaded is found, and the system may have none.
 */
function useVulkanOf(folder: string): void {
  process.env.VK_ICD_FILENAMES = `${folder}/${SWIFT_SHADER}`;
  const library = `${folder}/libvulkan.so.1`;
  if (process.platform !== 'linux' || !existsSync(library)) return;
  try {
    process.dlopen({ exports: {} }, library, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  } catch {
    // It is no module of Node, and loaded nonetheless.
  }
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
  const folder = folderOfSwiftShader();
  if (adapter === undefined && folder !== undefined) {
    useVulkanOf(folder);
    gpu = make();
    adapter = await adapterOf(gpu);
  }
  const navigator = globalThis.navigator ?? {};
  Object.defineProperty(navigator, 'gpu', { value: gpu });
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  return adapter;
}
