// SPDX-License-Identifier: Apache-2.0
/** Whether a page's training runs; what it learns is painted now and then meanwhile, and at its end. */
import { useRef, useState } from 'preact/hooks';

export interface RunningTraining {
  readonly training: boolean;
  /** The backend that is being tried meanwhile; '' if none is. */
  readonly trying: string;
  /** Runs `work`, which tells of each of its steps, and of a backend before it tries it. */
  during(work: (onStep: () => void, onTry: (backend: string) => void) => Promise<void>): Promise<void>;
}

export function useTraining(repaint: () => Promise<void>, everyMs: number): RunningTraining {
  const [training, setTraining] = useState(false);
  const [trying, setTrying] = useState('');
  const painted = useRef(0);
  const paint = (): void => {
    painted.current = performance.now();
    void repaint();
  };
  const during: RunningTraining['during'] = async (work) => {
    setTraining(true);
    try {
      await work(() => {
        setTrying('');
        if (performance.now() - painted.current > everyMs) paint();
      }, setTrying);
    } finally {
      setTraining(false);
      setTrying('');
      paint();
    }
  };
  return { training, trying, during };
}
