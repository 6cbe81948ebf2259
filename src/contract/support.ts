// SPDX-License-Identifier: Apache-2.0
/** Whether something can be had on a backend, and if not, why. */
import { type KernelBackend, version_core } from '@tensorflow/tfjs-core';

/** That something can be had here. */
export const SUPPORTED = { supported: true } as const;
/** That it cannot be had here, because. */
export interface Unsupported {
  readonly supported: false;
  readonly reason: string;
}
export type Support = typeof SUPPORTED | Unsupported;

export function unsupported(reason: string): Unsupported {
  return { supported: false, reason };
}

/** The tfjs whose backends the kernels know. */
const KNOWN_TFJS = '4.22';

const distrusted = /* @__PURE__ */ new WeakSet<KernelBackend>();

/**
 * That a backend does not keep its tensors as its kernels know: they would compute wrong numbers, and are left out.
 * Warns, once for each backend.
 *
 * @param problem What was found, to follow a colon.
 */
export function otherInternals(backendName: string, backend: KernelBackend, problem: string): Unsupported {
  return distrust(backendName, backend, `keeps tensors in another way than tfjs ${KNOWN_TFJS} does: ${problem}`);
}

/** That it could not be found out: something was thrown, by another tfjs, or for want of memory. Warns as well. */
export function unproven(backendName: string, backend: KernelBackend, thrown: unknown): Unsupported {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return distrust(backendName, backend, `could not be proven to keep tensors as tfjs ${KNOWN_TFJS} does: ${message}`);
}

function distrust(backendName: string, backend: KernelBackend, what: string): Unsupported {
  const reason = `tfjs ${version_core} ${what}`;
  if (!distrusted.has(backend)) {
    distrusted.add(backend);
    console.warn(
      `tfjs-conv2d-transpose has no kernels for this backend '${backendName}': ${reason}. Results are still right, ` +
        `but stock kernels and core ops compute them, which is slower. Use tfjs ${KNOWN_TFJS}, or a newer ` +
        'tfjs-conv2d-transpose; if there is none, please open an issue.',
    );
  }
  return unsupported(reason);
}

/** What to do where a backend has lost its device or context, and with it the data of its tensors. */
export function howToRenew(backendName: string): string {
  const name = `'${backendName}'`;
  return (
    `Register the backend anew: const factory = tf.findBackendFactory(${name}); tf.removeBackend(${name}); ` +
    `tf.registerBackend(${name}, factory); await tf.setBackend(${name}); and make its tensors again`
  );
}
