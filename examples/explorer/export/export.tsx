// SPDX-License-Identifier: Apache-2.0
/** Gives the picture away: as it is, as SVG; all of its frames, as a GIF that loops. */
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { download } from '../../site/download';
import { gifOf } from './gif';
import { type Picture, pictureOf } from './svg';

/** A film of more frames leaves some out. */
const MOST_FRAMES = 48;

interface ExportProps {
  /** Of the file, without its ending. */
  readonly name: string;
  readonly at: number;
  readonly frames: number;
  show(frame: number): void;
}

export function Export({ name, at, frames, show }: ExportProps): VNode {
  const row = useRef<HTMLDivElement>(null);
  const [said, setSaid] = useState('');
  const stage = (): Element => row.current!.closest('[role=tabpanel]')!.querySelector('.stage')!;
  const film = async (): Promise<void> => {
    const element = stage();
    const every = Math.ceil(frames / MOST_FRAMES);
    const filmed = Array.from({ length: frames }, (_, n) => n).filter((n) => n % every === 0 || n === frames - 1);
    const pictures: Picture[] = [];
    // Boxes on their way would be caught between places.
    element.classList.add('still');
    try {
      for (const n of filmed) {
        setSaid(`Filming: ${pictures.length + 1} of ${filmed.length} …`);
        show(n);
        await painted();
        pictures.push(pictureOf(element));
      }
      show(at);
      setSaid('Encoding …');
      await painted();
      download(`${name}.gif`, await gifOf(pictures), 'image/gif');
      setSaid('');
    } catch (error) {
      setSaid(`No GIF: ${(error as Error).message}`);
    } finally {
      element.classList.remove('still');
    }
  };
  return (
    <div class="row export" ref={row}>
      <span class="soft">For slides:</span>
      <button onClick={() => download(`${name}.svg`, pictureOf(stage()).svg, 'image/svg+xml')}>Save SVG</button>
      {frames > 1 && (
        <button disabled={said.endsWith('…')} onClick={() => void film()}>
          Save GIF
        </button>
      )}
      <span role="status" class="soft">
        {said}
      </span>
    </div>
  );
}

/** When what was set is on the screen. */
function painted(): Promise<void> {
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())));
}
