// SPDX-License-Identifier: Apache-2.0
/** Step 8: checkerboards on a picture, where they come from, and what helps. */
import type { VNode } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { Export } from '../export/export';
import type { Change } from '../state';
import { type Rgb, SIZE, WAYS, scene, shownPart, unevenness } from './image';

interface CheckerboardProps {
  /** In per cent. */
  readonly noise: number;
  readonly change: Change;
}

const NO_FRAMES = 1;

export function Checkerboards({ noise, change }: CheckerboardProps): VNode {
  const picture = useMemo(scene, []);
  const made = useMemo(
    () =>
      WAYS.map((way) => ({
        way,
        pixels: picture.map((plane) => way.make(plane, noise / 100)) as unknown as Rgb,
        uneven: unevenness(way, noise / 100),
      })),
    [picture, noise],
  );
  return (
    <div class="story">
      <p class="told" data-testid="told">
        Where cells of different phases meet different numbers of taps, or other weights, a flat sky comes out as a{' '}
        <b>checkerboard</b>. Here one layer that has learnt nothing makes a picture twice as large.
      </p>
      <div class="stage gallery" data-testid="stage">
        <figure>
          <Pixels planes={picture} label={`The picture, ${SIZE} by ${SIZE} pixels`} testId="source" />
          <figcaption>the picture</figcaption>
        </figure>
        {made.map(({ way: { id, title, remark }, pixels, uneven }) => (
          <figure>
            <Pixels planes={pixels} label={`Made by ${title}`} testId={`image-${id}`} />
            <figcaption>
              {title}{' '}
              <b class={uneven > 0.005 ? 'bad' : 'good'} data-testid={`uneven-${id}`}>
                {Math.round(100 * uneven)} % uneven
              </b>
            </figcaption>
            <p class="soft">{remark}</p>
          </figure>
        ))}
      </div>
      <div class="doing">
        <p class="task">
          With all weights alike only the overlap counts, and kernel 4 is enough. Make them random, as before training:
          which two stay even?
        </p>
        <label class="noise">
          <span>Weights: alike</span>
          <input
            type="range"
            min={0}
            max={100}
            step={5}
            value={noise}
            data-testid="noise"
            aria-label="How random the weights are, in per cent"
            onInput={(event) => change({ noise: event.currentTarget.valueAsNumber })}
          />
          <span>random</span>
        </label>
        <p class="soft">
          Uneven: (brightest − darkest) / mean of what a flat surface becomes. Training can even it out, but begins
          here. Read on:{' '}
          <a href="https://distill.pub/2016/deconv-checkerboard">
            Odena et al., Deconvolution and checkerboard artifacts
          </a>
          .
        </p>
        <Export name="convolution-checkerboard" at={0} frames={NO_FRAMES} show={() => undefined} />
      </div>
    </div>
  );
}

function Pixels({ planes, label, testId }: { planes: Rgb; label: string; testId: string }): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => paint(canvas.current!, planes), [planes]);
  return <canvas ref={canvas} class="pixels" role="img" aria-label={label} data-testid={testId} />;
}

function paint(canvas: HTMLCanvasElement, planes: Rgb): void {
  const shown = planes.map(shownPart);
  const size = shown[0].length;
  Object.assign(canvas, { width: size, height: size });
  const context = canvas.getContext('2d')!;
  const data = context.createImageData(size, size);
  shown.forEach((plane, channel) =>
    plane.flat().forEach((value, n) => (data.data[4 * n + channel] = Math.round(255 * value))),
  );
  for (let n = 3; n < data.data.length; n += 4) data.data[n] = 255;
  context.putImageData(data, 0, 0);
}
