// SPDX-License-Identifier: Apache-2.0
/** Many images as one picture in a page. */
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { imageGrid } from './image_grid';

interface PictureProps {
  readonly images: Float32Array | undefined;
  readonly columns: number;
  /** CSS pixels. */
  readonly width: number;
  readonly label: string;
  readonly testId: string;
  /** The address of what is shown before there are images. */
  readonly before?: string;
}

export function GridPicture({ images, columns, width, label, testId, before }: PictureProps): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!images || !canvas.current) return;
    const picture = imageGrid(images, columns);
    canvas.current.width = picture.width;
    canvas.current.height = picture.height;
    canvas.current.getContext('2d')!.putImageData(new ImageData(picture.data, picture.width, picture.height), 0, 0);
  }, [images, columns]);
  return (
    <canvas
      class="pixels"
      ref={canvas}
      role="img"
      aria-label={label}
      data-testid={testId}
      style={{ width: `${width}px`, ...(before && { backgroundImage: `url(${before})`, backgroundSize: 'cover' }) }}
    />
  );
}
