// SPDX-License-Identifier: Apache-2.0
/** What users get of engines: the entries of backends that compute on one export it, each all of it. */
export { type AvailableEngine, ENGINE_FLAG, type EngineName, availableEngines, unavailableEngines } from './engines';
export { type Threads, setThreads, threads } from './threads/set_threads';
