// SPDX-License-Identifier: Apache-2.0
/** What the generator makes, what its critic thinks of each digit, and a walk through the noise behind them. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { GridPicture } from '../training/picture';
import first from './first.png';
import type { Samples } from './worker';

interface WallProps {
  readonly samples: Samples | undefined;
  readonly columns: number;
  /** Called with the angle by which the noise is to be turned, 0 to 2π. */
  onTurn(angle: number): void;
}

export function DigitWall({ samples, columns, onTurn }: WallProps): VNode {
  const [degrees, setDegrees] = useState(0);
  const opinions = samples ? Array.from(samples.opinions) : [];
  const real = opinions.filter((opinion) => opinion > 0).length;
  const verdict =
    `The critic takes ${real} of these ${opinions.length} for real. ` +
    'The greener a frame, the surer it is; red ones it takes for made up.';
  const turn = (to: number): void => {
    setDegrees(to);
    onTurn((to / 180) * Math.PI);
  };
  return (
    <>
      <div class="wall" style={{ '--columns': columns }}>
        <GridPicture
          images={samples?.images}
          columns={columns}
          width={480}
          label="Generated digits"
          testId="samples"
          before={first}
        />
        <div class="opinions" data-testid="opinions">
          {opinions.map((opinion, n) => (
            <span
              key={n}
              style={{ '--real': `${(100 / (1 + Math.exp(-opinion))).toFixed(0)}%` }}
              title={`The critic: ${inWords(opinion)}`}
            />
          ))}
        </div>
      </div>
      <p class="soft wall-text" role="status" data-testid="critic">
        {samples ? verdict : 'Loading the trained generator …'}
      </p>
      <label class="walk">
        Walk through the noise{' '}
        <input
          type="range"
          min={0}
          max={360}
          value={degrees}
          disabled={!samples}
          aria-valuetext={`${degrees}°`}
          onInput={(event) => turn(Number(event.currentTarget.value))}
        />
      </label>
    </>
  );
}

/** A critic's score in words: of a DCGAN it is the logit of 'real'. */
function inWords(opinion: number): string {
  return `${opinion > 0 ? 'real' : 'made'}, score ${opinion.toFixed(1)}`;
}
