// SPDX-License-Identifier: Apache-2.0
/**
 * Who computes a pass of a layer, in Node and in a page alike: ours and stock tfjs, each on its backend, and
 * onnxruntime. Operands as users have them; each run pays for what a user's call pays for.
 */
import * as tf from '@tensorflow/tfjs-core';
import { currentEngine } from '../../kernels/engine/engines';
import { filterShapeOf } from '../../src/geometry/geometry';
import { type Operands, type Values, disposeOperands, makeOperands } from '../operands';
import { type Contender, type Pass, opContender, ourContenders, runnerOf, stockContender } from '../passes';
import type { Player } from '../race';
import { EXACTLY, type Flags, withFlags } from '../with_flags';
import { withSetting } from '../with_setting';
import type { Workload } from '../workloads';
import { convTransposeModel } from './onnx_model';
import { type OnnxRuntime, onnxAsleep, onnxPlayer } from './onnx_player';

/** Loads a player of a layer. */
export type Peer = (workload: Workload, values: Values) => Promise<Player>;

/** A contender of tfjs on a backend, with operands of its own there. */
function onTfjs(
  who: string,
  backend: string,
  contenderOf: (workload: Workload, operands: Operands) => Contender,
  hasThreads = false,
): Peer {
  return async (workload, values) => {
    await tf.setBackend(backend);
    const operands = makeOperands(workload, values);
    return {
      ...runnerOf(contenderOf(workload, operands)),
      name: `${who} ${backend}`,
      prepare: () => {
        currentEngine().rests = !hasThreads;
        const set = (): Promise<boolean> | undefined =>
          tf.getBackend() === backend ? undefined : tf.setBackend(backend);
        const asleep = onnxAsleep();
        return asleep ? asleep.then(set) : set();
      },
      dispose: () => disposeOperands(operands),
    };
  };
}

const ourContender =
  (pass: Pass) =>
  (workload: Workload, operands: Operands): Contender =>
    pass === 'forward' ? opContender(workload, operands) : ourContenders(pass, workload, operands, [])[0];

/** Ours: our op, or the kernel of a gradient. On the threads that there are, if there are any. */
export const ours = (pass: Pass, backend: string): Peer => onTfjs('ours', backend, ourContender(pass), true);

/** The same on one thread, though there be others. */
export const oursAlone = (pass: Pass, backend: string): Peer => onTfjs(ALONE, backend, ourContender(pass));
/** What ours is called that has one thread, before the backend. */
export const ALONE = 'one thread';

/** Ours without what gives up precision for speed, where ours may. */
export const oursExact = (pass: Pass, backend: string): Peer =>
  onTfjs(EXACT, backend, (workload, operands) => {
    const contender = ourContender(pass)(workload, operands);
    return { ...contender, run: withFlags(EXACTLY, contender.run) };
  });
/** What that is called, before the backend. */
export const EXACT = 'exact';

/** Ours with its backend set in another way while it runs. */
export const oursSet = (who: string, setting: string, pass: Pass, backend: string): Peer =>
  onTfjs(who, backend, (workload, operands) => {
    const contender = ourContender(pass)(workload, operands);
    return { ...contender, run: withSetting(setting, contender.run) };
  });

export const stock = (pass: Pass, backend: string): Peer =>
  onTfjs('stock', backend, (workload, operands) => stockContender(pass, workload, operands));

/** Stock with flags of tfjs set while it runs. */
export const stockWith = (who: string, flags: Flags, pass: Pass, backend: string): Peer =>
  onTfjs(who, backend, (workload, operands) => {
    const contender = stockContender(pass, workload, operands);
    return { ...contender, run: withFlags(flags, contender.run) };
  });

/** The forward pass by an onnxruntime. */
export function onnxruntime(name: string, runtime?: OnnxRuntime): Peer {
  return ({ geometry: g }, { x, filter }) => {
    // [height, width, out, in] to [in, out, height, width].
    const weights = tf.tidy(() => tf.transpose(tf.tensor(filter, filterShapeOf(g)), [3, 2, 0, 1]));
    const model = convTransposeModel(g, weights.dataSync<'float32'>());
    weights.dispose();
    return onnxPlayer(name, model, [x], runtime);
  };
}
