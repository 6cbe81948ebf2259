// SPDX-License-Identifier: Apache-2.0
/**
 * Plays a later tfjs, which keeps its tensors in another way: our kernels are handed the backend with some of its
 * insides changed, while tfjs's own kernels and methods see it as it is.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { FamilyKernel, Variant } from '../../src/contract';
import { changeDescriptor } from './descriptors';

/** What our code finds instead of some properties of a backend. */
export type Changes = Readonly<Record<string, unknown>>;

export interface LaterTfjs {
  /** The changes of a backend. */
  readonly changes?: (real: tf.KernelBackend) => Changes;
  /** A flag that is not registered any more. */
  readonly lacksFlag?: string;
}

/** Kernels of tfjs that a proof calls. */
const CALLED = [tf.Slice, tf.Reshape, tf.BatchMatMul];

/** Runs a body on the backend that is set, new to our kernels, changed for them. Returns the warnings. */
export async function onLaterTfjs(later: LaterTfjs, body: () => void | Promise<void>): Promise<string[]> {
  const name = tf.getBackend();
  const real = tf.backend();
  const changes = later.changes?.(real) ?? {};
  /** How deep in our code, and in tfjs's that it calls. */
  const depth = { ours: 0, tfjs: 0 };
  const within = <A extends unknown[], R>(who: keyof typeof depth, run: (...args: A) => R): ((...args: A) => R) => {
    return (...args) => {
      depth[who]++;
      try {
        return run(...args);
      } finally {
        depth[who]--;
      }
    };
  };
  const changed = new Proxy(real, {
    get: (target, key) => {
      if (typeof key === 'string' && key in changes) return changes[key];
      const value = Reflect.get(target, key) as unknown;
      return typeof value === 'function' ? within('tfjs', value.bind(target) as () => unknown) : value;
    },
  });
  const kernel = (own: FamilyKernel): FamilyKernel => ({
    supports: within('ours', (g) => own.supports(g, changed)),
    run: within('ours', (call) => own.run({ ...call, backend: changed })),
  });
  const restore = [
    changeDescriptor(name, (own) => ({
      probe: within('ours', () => own.probe(changed)),
      device: within('ours', () => own.device(changed)),
      leavesToStock: within('ours', (pass) => own.leavesToStock?.(pass, changed)),
      variants: Object.fromEntries(
        Object.entries(own.variants).map(([variant, variantKernel]) => [variant as Variant, kernel(variantKernel)]),
      ),
      backpropInput: kernel(own.backpropInput),
      backpropFilter: kernel(own.backpropFilter),
    })),
  ];
  for (const called of CALLED) {
    const stock = tf.getKernel(called, name) as tf.KernelConfig | undefined;
    if (!stock) continue;
    const unwrapped: tf.KernelFunc = (params) =>
      stock.kernelFunc({ ...params, backend: params.backend === changed ? real : params.backend });
    restore.push(replace(stock, { ...stock, kernelFunc: within('tfjs', unwrapped) }));
  }
  const env = tf.env();
  const { getBool } = env;
  env.getBool = (flag) => {
    if (flag === later.lacksFlag && depth.ours > 0 && depth.tfjs === 0)
      throw new Error(`Cannot evaluate flag '${flag}': no evaluation function found.`);
    return getBool.call(env, flag);
  };
  const { warn } = console;
  const warnings: string[] = [];
  console.warn = (...args: unknown[]) => void warnings.push(args.join(' '));
  try {
    await body();
  } finally {
    console.warn = warn;
    env.getBool = getBool;
    for (const step of restore) step();
  }
  return warnings;
}

/** Registers a kernel in place of another; returns how to put that back. */
function replace(old: tf.KernelConfig, other: tf.KernelConfig): () => void {
  const put = (config: tf.KernelConfig): void => {
    tf.unregisterKernel(config.kernelName, config.backendName);
    tf.registerKernel(config);
  };
  put(other);
  return () => put(old);
}
