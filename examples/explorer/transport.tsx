// SPDX-License-Identifier: Apache-2.0
/** Plays the frames of a picture, steps through them, or scrubs. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const FRAME_MS = 900;
const LONGEST_MS = 14_000;

interface TransportProps {
  readonly at: number;
  readonly frames: number;
  /** What the next frame does, if it has a name. */
  readonly next?: string;
  onChange(at: number): void;
}

export function Transport({ at, frames, next, onChange }: TransportProps): VNode {
  const [playing, setPlaying] = useState(false);
  const last = frames - 1;
  useEffect(() => {
    if (!playing) return;
    const timer = setTimeout(
      () => (at >= last ? setPlaying(false) : onChange(at + 1)),
      Math.min(FRAME_MS, LONGEST_MS / last),
    );
    return () => clearTimeout(timer);
  }, [playing, at, last, onChange]);
  const go = (to: number): void => {
    setPlaying(false);
    onChange(to);
  };
  const toggle = (): void => {
    if (!playing && at >= last) onChange(0);
    setPlaying(!playing);
  };
  return (
    <div class="transport">
      {next !== undefined && (
        <button class="primary next" data-testid="next" onClick={() => go(at >= last ? 0 : at + 1)}>
          {at >= last ? 'Once more' : next}
        </button>
      )}
      <div class="row scrubber">
        <button class={next === undefined ? 'primary' : ''} aria-label={playing ? 'Pause' : 'Play'} onClick={toggle}>
          <Icon path={playing ? 'M3 2h4v12H3zM9 2h4v12H9z' : 'M3 1l11 7-11 7z'} />
        </button>
        <button aria-label="Step back" disabled={at === 0} onClick={() => go(at - 1)}>
          <Icon path="M11 2L5 8l6 6z" />
        </button>
        <button aria-label="Step on" disabled={at === last} onClick={() => go(at + 1)}>
          <Icon path="M5 2l6 6-6 6z" />
        </button>
        <input
          type="range"
          aria-label="Step"
          data-testid="scrub"
          min={0}
          max={last}
          value={at}
          onInput={(event) => go(Number(event.currentTarget.value))}
        />
        <span class="soft" data-testid="step">
          {at + 1} / {last + 1}
        </span>
      </div>
    </div>
  );
}

function Icon({ path }: { path: string }): VNode {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
