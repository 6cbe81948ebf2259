// SPDX-License-Identifier: Apache-2.0
/** Whether a page's training runs; what it learns is painted now and then meanwhile, and at its end. */
import { useRef, useState } from 'preact/hooks';

export interface RunningTraining {
  readonly training: boolean;
  /** Runs `work`, which tells of each of its steps. */
  during(work: (onStep: () => void) => Promise<void>): Promise<void>;
}

export function useTraining(repaint: () => Promise<void>, everyMs: number): RunningTraining {
  const [training, setTraining] = useState(false);
  const painted = useRef(0);
  const paint = (): void => {
    painted.current = performance.now();
    void repaint();
  };
  const during: RunningTraining['during'] = async (work) => {
    setTraining(true);
    try {
      await work(() => {
        if (performance.now() - painted.current > everyMs) paint();
      });
    } finally {
      setTraining(false);
      paint();
    }
  };
  return { training, during };
}
