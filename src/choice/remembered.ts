// SPDX-License-Identifier: Apache-2.0
/** A choice, remembered while nothing changes that it was made by: making it takes longer than a small call. */
import type { KernelBackend } from '@tensorflow/tfjs-core';
import { type BackendDescriptor, descriptorOf } from '../contract';
import type { Place, Taken } from './choose';
import { tuningRevision } from './winners';

interface Kept {
  readonly taken: Taken;
  readonly descriptor: BackendDescriptor;
  readonly backend: KernelBackend;
  readonly device: string;
  readonly fastMath: boolean | undefined;
  readonly revision: number;
}

export class Remembered {
  private kept?: Kept;

  /**
   * What was chosen here; made anew on another backend or device, after a tuning, and where the user has allowed or
   * forbidden less precision. On GPUs it is made each time:
   * what can run there depends on flags as well, and a call takes far longer. That ours cannot run may pass.
   */
  get({ backendName, backend }: Place, choose: () => Taken): Taken {
    const { kept } = this;
    const revision = tuningRevision();
    if (
      kept !== undefined &&
      kept.backend === backend &&
      kept.revision === revision &&
      kept.descriptor.device(backend) === kept.device &&
      kept.descriptor.allowsFastMath?.() === kept.fastMath
    )
      return kept.taken;
    const taken = choose();
    const descriptor = descriptorOf(backendName);
    const isKept = descriptor?.runsOn === 'cpu' && taken.ours !== undefined;
    this.kept = isKept
      ? {
          taken,
          descriptor,
          backend,
          device: descriptor.device(backend),
          fastMath: descriptor.allowsFastMath?.(),
          revision,
        }
      : undefined;
    return taken;
  }
}
