// SPDX-License-Identifier: Apache-2.0
/** Where networks run on a backend: in Node, or in headless Chromium if it is one of a GPU. */
import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { descriptorNamed } from '../backends';
import { MACHINE } from '../in_node';
import { type PageCalls, callsOf, inChromium } from '../peers/chromium_page';
import { type Contest, contestWith } from './contest';
import { MODELS, ensureFiles, fileHandler } from './files';
import type { Network } from './networks';
import { onnxPathOf } from './paths';

export interface Running {
  readonly contest: PageCalls<Contest>;
  readonly machine: string;
  /** Where first calls are to be cold: makes a new page. In Node the first call of a model is as it is. */
  readonly renew?: () => Promise<void>;
}

/** Runs `body` with what runs networks on a backend; or says why it can't. Writes their files first. */
export async function onModelBackend(
  backend: string,
  networks: readonly Network[],
  body: (running: Running) => Promise<void>,
): Promise<{ skipped: string } | undefined> {
  await tf.setBackend('cpu');
  for (const network of networks) await ensureFiles(network);
  if (descriptorNamed(backend).runsOn === 'gpu') {
    const folders = { models: MODELS };
    return inChromium(
      './models_page.ts',
      async (tab, browser, renew) => {
        const contest = callsOf<Contest>(tab);
        const device = await contest.use(backend);
        if (device === undefined) return { skipped: `${browser} has no ${backend}` };
        const renewed = async (): Promise<void> => {
          await renew();
          await contest.use(backend);
        };
        await body({ contest, machine: `${browser}, ${device}`, renew: renewed });
        return undefined;
      },
      {},
      folders,
    );
  }
  const contest = contestWith({
    handler: fileHandler,
    onnx: (network) => readFile(MODELS + onnxPathOf(network)),
  });
  const device = await contest.use(backend);
  if (device === undefined) return { skipped: `Node has no ${backend}` };
  await body({ contest: contest as PageCalls<Contest>, machine: `${MACHINE}, ${device}; Node ${process.version}` });
  return undefined;
}
