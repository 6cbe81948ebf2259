// SPDX-License-Identifier: Apache-2.0
/** A browser for tests that run in Node. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

interface Found {
  readonly executablePath: string | null;
  readonly args: string[];
  readonly webgpuArgs: string[];
  readonly howToGetOne: string;
}

/** Jest takes no ES modules without a flag, so a process of its own says where a browser is, in its last line. */
const ASK = `import('./scripts/chromium.mjs').then((m) => {
  const webgpuArgs = [...m.WEBGPU_FLAGS, ...m.VULKAN_FLAGS];
  const executablePath = m.ensureChromium();
  const found = { executablePath, args: m.CHROMIUM_FLAGS, webgpuArgs, howToGetOne: m.HOW_TO_GET_ONE };
  console.log(JSON.stringify(found));
})`;

/** Pages are composed without a GPU that a CPU would have to simulate; WebGL and WebGPU still have theirs. */
const PLAIN_COMPOSITING = '--disable-gpu-compositing';

export function foundChromium(): Found {
  const printed = execFileSync(process.execPath, ['-e', ASK], { encoding: 'utf8', cwd: resolve(__dirname, '../..') });
  return JSON.parse(printed.trim().split('\n').at(-1)!) as Found;
}

/** @param webgpu Whether it is to have WebGPU, rendered in software. */
export async function launchChromium({ webgpu = false } = {}): Promise<Browser> {
  const { executablePath, args, webgpuArgs, howToGetOne } = foundChromium();
  if (!executablePath) throw new Error(howToGetOne);
  return chromium.launch({ executablePath, args: [...args, PLAIN_COMPOSITING, ...(webgpu ? webgpuArgs : [])] });
}
