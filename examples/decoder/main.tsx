// SPDX-License-Identifier: Apache-2.0
/** The decoder page: a plane to drag through, decoded live, and the training of what decodes. */
import './decoder.css';
import { type Remote, proxy, wrap } from 'comlink';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Select } from '../site/select';
import { showPage } from '../site/shell';
import { TrainingPanel, type Trainer } from '../training/panel';
import { GridPicture } from '../training/picture';
import { useTraining } from '../training/use_training';
import { useWorker } from '../training/use_worker';
import { DECODERS, type DecoderName } from './decoders';
import first from './first.png';
import { REACH } from './plane';
import type { VaeLosses } from './vae';
import type { Decoded, DecoderWorker } from './worker';

const PLANE_SIDE = 15;
const SIDES: readonly number[] = [1, 3, 7];
const KEY_STEP = 0.1;
/** The backend that decodes at first: it is everywhere. */
const FIRST = 'cpu';
/** Training repaints the plane this often. */
const REPAINT_MS = 4000;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** How decoding is to be done. */
interface How {
  readonly backend: string;
  readonly decoder: DecoderName;
  readonly side: number;
}

function openWorker(): Remote<DecoderWorker> {
  return wrap<DecoderWorker>(
    new Worker(new URL('../site/worker.ts', import.meta.url), { type: 'module', name: 'decoder' }),
  );
}

const within = (value: number): number => Math.min(REACH, Math.max(-REACH, value));

function DecoderPage(): VNode {
  // First something to look at, then what takes longer to find out.
  const { worker, step, perEpoch, failure, setStep } = useWorker(openWorker, (opened) => {
    void repaint(opened).then(async () => setBackends(await opened.backends()));
  });
  const [backends, setBackends] = useState<readonly { name: string; device: string }[]>([{ name: FIRST, device: '' }]);
  const [losses, setLosses] = useState('');
  const [plane, setPlane] = useState<Float32Array>();
  const repaint = async (from = worker): Promise<void> => setPlane((await from!.plane(PLANE_SIDE)).images);
  const { training, trying, during } = useTraining(repaint, REPAINT_MS);
  const train = (): Promise<void> =>
    during((onStep, onTry) =>
      worker!.train(
        proxy((done: number, { reconstruction, divergence }: VaeLosses, ms: number) => {
          setStep(done);
          const losses = `reconstruction ${reconstruction.toFixed(1)}, divergence ${divergence.toFixed(2)} nats`;
          setLosses(`${losses}, ${ms.toFixed(0)} ms a step`);
          onStep();
        }),
        proxy(onTry),
      ),
    );
  const replaced = (to: number): void => {
    setStep(to);
    setLosses('');
    void repaint();
  };
  if (failure)
    return (
      <p class="error" role="alert">
        {failure}
      </p>
    );
  return (
    <div class="decoder">
      <Explorer worker={worker} backends={backends} plane={plane} step={step} />
      <TrainingPanel
        trainer={worker as unknown as Trainer | undefined}
        stepsPerEpoch={perEpoch}
        training={training}
        step={step}
        losses={losses}
        trying={trying}
        file="decoder.safetensors"
        train={train}
        replaced={replaced}
      >
        <p class="soft">
          A variational autoencoder learns 5,000 handwritten-like digits, made by this page. The one it begins with was
          trained by <code>npm run decoder</code>, for longer; train it on, or start over and watch the plane take
          shape.
        </p>
      </TrainingPanel>
    </div>
  );
}

interface ExplorerProps {
  readonly worker: Remote<DecoderWorker> | undefined;
  readonly backends: readonly { name: string; device: string }[];
  readonly plane: Float32Array | undefined;
  /** Of the training; a new one decodes anew. */
  readonly step: number;
}

/** The plane to drag through, and what is decoded at the point. */
function Explorer({ worker, backends, plane, step }: ExplorerProps): VNode {
  const [point, setPoint] = useState<Point>({ x: 0, y: 0 });
  const [how, setHow] = useState<How>({ backend: FIRST, decoder: 'auto', side: 1 });
  const [touring, setTouring] = useState(false);
  const { images, ms, fps, failure } = useDecoder(worker, point, how, step);
  useEffect(() => {
    if (!touring) return;
    let frame = 0;
    const begin = performance.now();
    const move = (): void => {
      const t = (performance.now() - begin) / 1000;
      setPoint({ x: 2 * Math.sin(0.9 * t), y: 2 * Math.sin(0.62 * t + 1) });
      frame = requestAnimationFrame(move);
    };
    move();
    return () => cancelAnimationFrame(frame);
  }, [touring]);
  return (
    <section class="panel" aria-label="Latent plane">
      <div class="views">
        <figure>
          <figcaption>The plane: drag, or use the arrow keys</figcaption>
          <Plane plane={plane} point={point} onMove={(to) => (setTouring(false), setPoint(to))} />
        </figure>
        <figure>
          <figcaption>
            Decoded at ({point.x.toFixed(2)}, {point.y.toFixed(2)})
          </figcaption>
          <GridPicture images={images} columns={how.side} width={280} label="The decoded digit" testId="decoded" />
        </figure>
        <div class="controls">
          <div class="figures">
            <div>
              <div class="figure" data-testid="fps">
                {fps === undefined ? '–' : fps.toFixed(fps < 10 ? 1 : 0)}
              </div>
              <span>frames per second</span>
            </div>
            <div>
              <div class="figure" data-testid="ms">
                {ms === undefined ? '–' : `${ms.toFixed(1)} ms`}
              </div>
              <span>to decode a frame</span>
            </div>
          </div>
          <Select
            label="Backend"
            testId="backend"
            value={how.backend}
            choices={backends.map(({ name }) => name)}
            onChange={(chosen) => setHow({ ...how, backend: chosen })}
          />
          <Select
            label="Variant"
            testId="variant"
            value={how.decoder}
            choices={DECODERS}
            text={(name) => (name === 'stock' ? 'stock tfjs' : name)}
            onChange={(decoder) => setHow({ ...how, decoder })}
          />
          <Select
            label="Images in a frame"
            testId="side"
            value={how.side}
            choices={SIDES}
            text={(side) => `${side * side}`}
            onChange={(side) => setHow({ ...how, side })}
          />
          <button aria-pressed={touring} disabled={!worker} onClick={() => setTouring(!touring)}>
            {touring ? 'End the tour' : 'Take a tour'}
          </button>
          <p class="soft device" role="status">
            {worker ? backends.find(({ name }) => name === how.backend)?.device : 'Loading the trained decoder …'}
          </p>
          {failure && (
            <p class="error" role="alert">
              {failure}
            </p>
          )}
        </div>
      </div>
    </section>
  );
}

interface Live {
  readonly images?: Float32Array;
  readonly ms?: number;
  readonly fps?: number;
  readonly failure?: string;
}

/**
 * Decodes the point whenever it changes, one frame at a time, always the latest. Counts frames while they follow one
 * another.
 */
function useDecoder(worker: Remote<DecoderWorker> | undefined, point: Point, how: How, step: number): Live {
  const [live, setLive] = useState<Live>({});
  const wanted = useRef<{ point: Point; how: How; counts: boolean } | undefined>(undefined);
  const busy = useRef(false);
  const frames = useRef<{ readonly at: number; readonly ms: number }[]>([]);
  const latest = useRef<{ point?: Point; how?: How }>({});
  const counted = useRef<How | undefined>(undefined);
  const pump = async (): Promise<void> => {
    if (busy.current || !worker) return;
    busy.current = true;
    while (wanted.current) {
      const { point: at, how: by, counts } = wanted.current;
      wanted.current = undefined;
      try {
        const decode = (): Promise<Decoded> => worker.decode(at.x, at.y, by.side, by.backend, by.decoder);
        let { images, ms } = await decode();
        if (by !== counted.current) {
          // The first frame of a way of decoding compiles: it is there to look at, and tells no time.
          setLive({ images });
          frames.current = [];
          ({ images, ms } = await decode());
        }
        counted.current = by;
        if (counts) setLive({ images, ...paceWith(frames.current, ms) });
        else setLive((before) => ({ ...before, images }));
      } catch (error) {
        setLive((before) => ({ images: before.images, failure: (error as Error).message }));
      }
    }
    busy.current = false;
  };
  useEffect(() => {
    if (!worker) return;
    // What is decoded anew because weights have changed says how fast training goes, not decoding.
    const counts = point !== latest.current.point || how !== latest.current.how || (wanted.current?.counts ?? false);
    latest.current = { point, how };
    wanted.current = { point, how, counts };
    void pump();
  }, [worker, point, how, step]);
  return live;
}

/** Frames that both figures are of: so many milliseconds back, and at least two of the slow. */
const WINDOW_MS = 1000;
/** A pause of more than that between two frames, besides decoding, begins a new count. */
const PAUSE_MS = 300;

/** Adds a frame to those of one way of decoding; their mean time, and how many of them come in a second. */
function paceWith(frames: { at: number; ms: number }[], ms: number): { ms: number; fps?: number } {
  const now = performance.now();
  const last = frames.at(-1);
  if (last && now - last.at - ms > PAUSE_MS) frames.length = 0;
  frames.push({ at: now, ms });
  while (frames.length > 2 && now - frames[0].at > WINDOW_MS) frames.shift();
  const mean = frames.reduce((sum, frame) => sum + frame.ms, 0) / frames.length;
  return { ms: mean, ...(frames.length > 1 && { fps: ((frames.length - 1) * 1000) / (now - frames[0].at) }) };
}

interface PlaneProps {
  readonly plane: Float32Array | undefined;
  readonly point: Point;
  onMove(to: Point): void;
}

function Plane({ plane, point, onMove }: PlaneProps): VNode {
  const box = useRef<HTMLDivElement>(null);
  const moveTo = (event: PointerEvent): void => {
    const { left, top, width, height } = box.current!.getBoundingClientRect();
    onMove({
      x: within(((event.clientX - left) / width - 0.5) * 2 * REACH),
      y: within((0.5 - (event.clientY - top) / height) * 2 * REACH),
    });
  };
  const step = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!by) return;
    event.preventDefault();
    onMove({ x: within(point.x + by[0] * KEY_STEP), y: within(point.y + by[1] * KEY_STEP) });
  };
  return (
    <div
      class="plane"
      ref={box}
      tabIndex={0}
      role="application"
      aria-label={`Latent plane, at ${point.x.toFixed(2)}, ${point.y.toFixed(2)}; arrow keys move`}
      data-testid="plane"
      onKeyDown={step}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        moveTo(event);
      }}
      onPointerMove={(event) => event.buttons > 0 && moveTo(event)}
    >
      <GridPicture
        images={plane}
        columns={PLANE_SIDE}
        width={450}
        label="Images all over the plane"
        testId="plane-picture"
        before={first}
      />
      <div
        class="handle"
        style={{ left: `${(point.x / REACH / 2 + 0.5) * 100}%`, top: `${(0.5 - point.y / REACH / 2) * 100}%` }}
      />
    </div>
  );
}

showPage({
  page: 'decoder',
  lead:
    'A decoder turns two numbers into a digit, by transposed convolutions. Drag through the plane of all pairs of ' +
    'numbers and watch it decode, on the backend and by the variant you choose.',
  children: <DecoderPage />,
});
