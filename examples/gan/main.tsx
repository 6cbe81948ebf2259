// SPDX-License-Identifier: Apache-2.0
/** The GAN page: train, watch the digits and the losses, have them judged. */
import './gan.css';
import { type Remote, proxy, wrap } from 'comlink';
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { showPage } from '../site/shell';
import { TrainingPanel, type Trainer } from '../training/panel';
import { significant } from '../../bench/numbers';
import { DigitWall } from './digit_wall';
import { useTraining } from '../training/use_training';
import { useWorker } from '../training/use_worker';
import type { GanKind, GanLosses } from './gan';
import { LossCurves, type LossPoint } from './loss_curves';
import type { GanWorker, Samples, Verdict } from './worker';

const SIDE = 8;
const REPAINT_MS = 1500;

const KINDS: readonly { kind: GanKind; text: string }[] = [
  { kind: 'dcgan', text: 'DCGAN: generator and critic play for a cross-entropy' },
  { kind: 'wgan-gp', text: 'WGAN-GP: the critic’s slope is held to 1, by a gradient of a gradient' },
];

function openWorker(): Remote<GanWorker> {
  return wrap<GanWorker>(new Worker(new URL('../site/worker.ts', import.meta.url), { type: 'module', name: 'gan' }));
}

function GanPage(): VNode {
  const { worker, step, perEpoch, failure, setStep, setPerEpoch } = useWorker(openWorker, (opened) => {
    void repaint(opened);
  });
  const [kind, setKind] = useState<GanKind>('dcgan');
  const [last, setLast] = useState('');
  const [samples, setSamples] = useState<Samples>();
  const angle = useRef(0);
  const painting = useRef(false);
  const [curve, setCurve] = useState<readonly LossPoint[]>([]);
  /** One picture at a time, always of the latest angle. */
  const repaint = async (from = worker): Promise<void> => {
    if (painting.current || !from) return;
    painting.current = true;
    try {
      let drawn = NaN;
      while (drawn !== angle.current) {
        drawn = angle.current;
        setSamples(await from.samples(SIDE * SIDE, drawn));
      }
    } finally {
      painting.current = false;
    }
  };
  const { training, trying, during } = useTraining(repaint, REPAINT_MS);
  const train = (): Promise<void> =>
    during((onStep, onTry) =>
      worker!.train(
        proxy((done: number, { critic, generator }: GanLosses, ms: number) => {
          setStep(done);
          const losses = `losses of critic ${critic.toFixed(3)}, generator ${generator.toFixed(3)}`;
          setLast(`${losses}, ${ms.toFixed(0)} ms a step`);
          setCurve((before) => [...before, { step: done, critic, generator }]);
          onStep();
        }),
        proxy(onTry),
      ),
    );
  const replaced = (to: number): void => {
    setStep(to);
    setLast('');
    setCurve([]);
    void repaint();
  };
  const change = async (to: GanKind): Promise<void> => {
    setKind(to);
    setPerEpoch(await worker!.reset(to));
    replaced(0);
  };
  if (failure)
    return (
      <p class="error" role="alert">
        {failure}
      </p>
    );
  const trainer = worker && {
    paces: () => worker.paces(),
    choose: (backend: string) => worker.choose(backend),
    stockPaces: () => worker.stockPaces(),
    pause: () => worker.pause(),
    save: () => worker.save(),
    load: async (bytes: Uint8Array, name: string): Promise<number> => {
      const loaded = await worker.load(bytes, name);
      setKind(loaded.kind);
      return loaded.step;
    },
    reset: async (): Promise<void> => void (await worker.reset()),
  };
  return (
    <div class="gan">
      <section class="panel" aria-label="Digits">
        <h2>Digits</h2>
        <DigitWall
          samples={samples}
          columns={SIDE}
          onTurn={(to) => {
            angle.current = to;
            void repaint();
          }}
        />
      </section>
      <div>
        <TrainingPanel
          key={kind}
          trainer={trainer as Trainer | undefined}
          stepsPerEpoch={perEpoch}
          training={training}
          step={step}
          losses={last}
          trying={trying}
          file={`${kind}.safetensors`}
          train={train}
          replaced={replaced}
        >
          <p class="soft">
            The page begins with a DCGAN that <code>npm run gan</code> has trained. Train it on, or start over and watch
            digits come out of noise.
          </p>
          <fieldset disabled={!worker || training}>
            {KINDS.map(({ kind: name, text }) => (
              <label class="choice">
                <input
                  type="radio"
                  name="kind"
                  value={name}
                  checked={kind === name}
                  onChange={() => void change(name)}
                />
                {text}
              </label>
            ))}
          </fieldset>
        </TrainingPanel>
        <Judge worker={worker} training={training} />
        <section class="panel curves" aria-label="Losses">
          <h2>Losses</h2>
          <LossCurves curve={curve} />
        </section>
      </div>
    </div>
  );
}

/** The classifier's verdict on what the generator makes. */
function Judge({ worker, training }: { worker: Remote<GanWorker> | undefined; training: boolean }): VNode {
  const [verdict, setVerdict] = useState<Verdict>();
  const [said, setSaid] = useState('');
  const [busy, setBusy] = useState(false);
  const judge = async (): Promise<void> => {
    setBusy(true);
    setSaid('Training the classifier …');
    try {
      setVerdict(
        await worker!.judge(proxy((share: number) => setSaid(`Training the classifier: ${Math.round(100 * share)} %`))),
      );
      setSaid('');
    } catch (error) {
      setSaid((error as Error).message);
    }
    setBusy(false);
  };
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return (
    <section class="panel" aria-label="Judge">
      <h2>Judge</h2>
      <p class="soft">A small classifier learns the same digits, then says what it makes of 1,000 generated ones.</p>
      <div class="row">
        <button disabled={!worker || training || busy} onClick={() => void judge()}>
          Judge the digits
        </button>
        <span class="soft" role="status">
          {said}
        </span>
      </div>
      {verdict && (
        <div class="scroll">
          <table data-testid="verdict">
            <thead>
              <tr>
                <th class="text">of 1,000 digits</th>
                <th>real</th>
                <th>generated</th>
              </tr>
            </thead>
            <tbody>
              <tr>
                <th class="text" scope="row">
                  sure of (≥ {100 * verdict.sureFrom} %)
                </th>
                <td>{percent(verdict.real.sure)}</td>
                <td>{percent(verdict.made.sure)}</td>
              </tr>
              <tr>
                <th class="text" scope="row">
                  effective classes of 10
                </th>
                <td>{verdict.real.effectiveClasses.toFixed(2)}</td>
                <td>{verdict.made.effectiveClasses.toFixed(2)}</td>
              </tr>
              <tr>
                <th class="text" scope="row">
                  Fréchet distance
                </th>
                <td>{significant(verdict.real.frechet)}</td>
                <td>{significant(verdict.made.frechet)}</td>
              </tr>
            </tbody>
          </table>
          <p class="soft">
            Sure: one digit gets {100 * verdict.sureFrom} % or more of the classifier’s belief. Effective classes: 10 if
            all digits come equally often, 1 if it is always the same. Fréchet distance: how far the classifier’s
            features of these lie from those of the digits that were learned; less is better. It is right about{' '}
            {percent(verdict.accuracy)} of digits it has not seen.
          </p>
        </div>
      )}
    </section>
  );
}

showPage({
  page: 'gan',
  lead:
    'A generator of transposed convolutions learns to draw digits that a critic cannot tell from real ones. It ' +
    'trains in this page, on whichever backend is fastest here.',
  children: <GanPage />,
});
