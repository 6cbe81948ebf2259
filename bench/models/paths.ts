// SPDX-License-Identifier: Apache-2.0
/** Where the files of a network are, below the folder of all, in Node and in a page. */
import type { Writing } from './written';

export function pathOf(network: string, writing: Writing): string {
  return `${network}/${writing}/model.json`;
}

export function onnxPathOf(network: string): string {
  return `${network}/model.onnx`;
}
