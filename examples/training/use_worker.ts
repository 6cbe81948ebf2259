// SPDX-License-Identifier: Apache-2.0
/** The worker that a page trains in, and how far it has come. */
import { useEffect, useState } from 'preact/hooks';

interface Opened {
  readonly step: number;
  readonly perEpoch: number;
}

export interface TrainingWorker<W> extends Opened {
  /** There once it is open. */
  readonly worker: W | undefined;
  /** Why it cannot be opened; '' if it can. */
  readonly failure: string;
  setStep(step: number): void;
  setPerEpoch(perEpoch: number): void;
}

/** Opens a worker, once; `onOpen` is called then. */
export function useWorker<W extends { open(): Promise<Opened> }>(
  make: () => W,
  onOpen: (worker: W) => void,
): TrainingWorker<W> {
  const [worker, setWorker] = useState<W>();
  const [step, setStep] = useState(0);
  const [perEpoch, setPerEpoch] = useState(1);
  const [failure, setFailure] = useState('');
  useEffect(() => {
    const opened = make();
    opened.open().then(
      (found) => {
        setPerEpoch(found.perEpoch);
        setStep(found.step);
        setWorker(() => opened);
        onOpen(opened);
      },
      (error: Error) => setFailure(error.message),
    );
  }, []);
  return { worker, step, perEpoch, failure, setStep, setPerEpoch };
}
