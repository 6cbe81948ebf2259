// SPDX-License-Identifier: Apache-2.0
/** Entry point of the script-tag bundle: the public face, with the kernels of every backend registered. */
export * from '../src/index';
import './index';
export { setThreads, threads } from './cpu';
