// SPDX-License-Identifier: Apache-2.0
/**
 * Handwritten-like digits, 28×28, made up: there is nothing to download. A digit is a few strokes (skeletons below),
 * bent by a random affine map and a smooth random displacement, drawn with a pen of random thickness and a soft edge.
 * The same seed gives the same digits.
 */
import seedrandom from 'seedrandom';

export const DIGIT_SIZE = 28;

/** `count` images, 0 (paper) to 1 (ink), row by row, one after another; and which digit each is. */
export interface Digits {
  readonly images: Float32Array;
  readonly labels: Uint8Array;
}

type Point = readonly [x: number, y: number];
type Stroke = readonly Point[];

/** An arc of an ellipse, in degrees, clockwise from the right as y points down. */
function arc(cx: number, cy: number, rx: number, ry: number, from: number, to: number): Stroke {
  const steps = 14;
  return Array.from({ length: steps + 1 }, (_, n): Point => {
    const angle = ((from + ((to - from) * n) / steps) * Math.PI) / 180;
    return [cx + rx * Math.cos(angle), cy + ry * Math.sin(angle)];
  });
}

/** A polyline through points: x, y, x, y … */
function line(...coordinates: number[]): Stroke {
  return Array.from({ length: coordinates.length / 2 }, (_, n): Point => [coordinates[2 * n], coordinates[2 * n + 1]]);
}

/** Strokes that are written without lifting the pen. */
const joined = (...strokes: Stroke[]): Stroke => strokes.flat();

/** Ways to write each digit, in a unit square, y downwards: a way is a list of strokes. */
const SKELETONS: readonly (readonly (readonly Stroke[])[])[] = [
  [[arc(0.5, 0.5, 0.27, 0.38, -90, 270)]],
  [
    [line(0.5, 0.12, 0.5, 0.88)],
    [line(0.32, 0.3, 0.52, 0.12, 0.52, 0.88)],
    [line(0.34, 0.28, 0.52, 0.12, 0.52, 0.88), line(0.34, 0.88, 0.7, 0.88)],
  ],
  [
    [joined(arc(0.48, 0.32, 0.24, 0.2, -170, 30), line(0.26, 0.86, 0.76, 0.86))],
    [joined(arc(0.48, 0.32, 0.24, 0.2, -170, 40), arc(0.36, 0.8, 0.1, 0.08, -60, -300), line(0.8, 0.84))],
  ],
  [
    [joined(arc(0.46, 0.3, 0.24, 0.19, -150, 90), arc(0.46, 0.68, 0.27, 0.2, -90, 150))],
    [joined(line(0.26, 0.14, 0.72, 0.14, 0.48, 0.44), arc(0.46, 0.67, 0.27, 0.22, -80, 150))],
  ],
  [
    [line(0.56, 0.12, 0.22, 0.6, 0.8, 0.6), line(0.62, 0.36, 0.62, 0.9)],
    [line(0.3, 0.14, 0.27, 0.52, 0.72, 0.52), line(0.7, 0.12, 0.66, 0.9)],
  ],
  [[joined(line(0.72, 0.13, 0.34, 0.13, 0.3, 0.46), arc(0.48, 0.65, 0.25, 0.22, -130, 140))]],
  [
    [joined(line(0.62, 0.1, 0.4, 0.34), arc(0.5, 0.67, 0.23, 0.21, -160, 200))],
    [joined(arc(0.66, 0.5, 0.4, 0.4, -110, -180), arc(0.48, 0.68, 0.22, 0.2, -180, 180))],
  ],
  [[line(0.24, 0.14, 0.76, 0.14, 0.42, 0.88)], [line(0.24, 0.14, 0.76, 0.14, 0.42, 0.88), line(0.36, 0.5, 0.7, 0.5)]],
  [[joined(arc(0.5, 0.3, 0.2, 0.18, 90, 450), arc(0.5, 0.68, 0.25, 0.2, -90, 270))]],
  [
    [joined(arc(0.48, 0.34, 0.22, 0.21, 0, -360), line(0.68, 0.5, 0.62, 0.9))],
    [joined(arc(0.48, 0.34, 0.22, 0.21, 0, -360), arc(0.44, 0.6, 0.26, 0.28, -30, 110))],
  ],
];

/** Makes `count` digits. `label` says which of a digit; by default all ten, at random. */
export function makeDigits(count: number, seed: string, label?: (n: number) => number): Digits {
  if (!Number.isInteger(count) || count < 0)
    throw new RangeError(`makeDigits: count must be a whole number, but was ${count}`);
  const random = seedrandom.alea(seed);
  const pixels = DIGIT_SIZE * DIGIT_SIZE;
  const images = new Float32Array(count * pixels);
  const labels = new Uint8Array(count);
  for (let n = 0; n < count; n++) {
    const digit = label ? label(n) : Math.floor(random() * 10);
    if (!SKELETONS[digit]) throw new RangeError(`makeDigits: there is no digit ${digit}`);
    labels[n] = digit;
    drawDigit(digit, random, images.subarray(n * pixels, (n + 1) * pixels));
  }
  return { images, labels };
}

type Random = () => number;

function drawDigit(digit: number, random: Random, image: Float32Array): void {
  const between = (low: number, high: number): number => low + (high - low) * random();
  const ways = SKELETONS[digit];
  const warp = randomWarp(between);
  const strokes = ways[Math.floor(random() * ways.length)].map((stroke) => dense(stroke).map(warp));
  const radius = between(0.7, 1.5);
  const edge = between(0.7, 1.2);
  const ink = between(0.85, 1);
  const distances = new Float64Array(image.length).fill(Infinity);
  for (const stroke of strokes)
    for (let n = 1; n < stroke.length; n++) nearer(distances, stroke[n - 1], stroke[n], radius + edge);
  distances.forEach((distance, n) => {
    image[n] = ink * Math.min(1, Math.max(0, 1 - (distance - radius) / edge));
  });
}

/** From the unit square to pixels: scaled, sheared, turned, moved, and displaced along smooth waves. */
function randomWarp(between: (low: number, high: number) => number): (point: Point) => Point {
  const angle = between(-0.22, 0.22);
  const shear = between(-0.25, 0.25);
  const [width, height] = [between(16, 21), between(18, 22)];
  const [dx, dy] = [between(-1.5, 1.5), between(-1.5, 1.5)];
  const waves = [0, 1].map(() =>
    [1, 2].map((frequency) => ({
      size: between(0.2, 1) / frequency,
      across: between(-1, 1) * frequency * Math.PI,
      down: between(-1, 1) * frequency * Math.PI,
      phase: between(0, 2 * Math.PI),
    })),
  );
  const displacement = (of: 0 | 1, x: number, y: number): number =>
    waves[of].reduce((sum, { size, across, down, phase }) => sum + size * Math.sin(across * x + down * y + phase), 0);
  return ([x, y]) => {
    const [u, v] = [(x - 0.5 - shear * (y - 0.5)) * width, (y - 0.5) * height];
    return [
      DIGIT_SIZE / 2 + dx + u * Math.cos(angle) - v * Math.sin(angle) + displacement(0, x, y),
      DIGIT_SIZE / 2 + dy + u * Math.sin(angle) + v * Math.cos(angle) + displacement(1, x, y),
    ];
  };
}

/** A stroke with points close enough that a warp bends it. */
function dense(stroke: Stroke): Stroke {
  return stroke.flatMap((to, n): Stroke => {
    if (n === 0) return [to];
    const from = stroke[n - 1];
    const steps = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / 0.12));
    return Array.from({ length: steps }, (_, s): Point => {
      const t = (s + 1) / steps;
      return [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])];
    });
  });
}

/** Lowers each pixel's distance to that from a line, where it is at most `reach`; others keep theirs. */
function nearer(distances: Float64Array, [ax, ay]: Point, [bx, by]: Point, reach: number): void {
  const [dx, dy] = [bx - ax, by - ay];
  const first = (a: number, b: number): number => Math.max(0, Math.floor(Math.min(a, b) - reach));
  const end = (a: number, b: number): number => Math.min(DIGIT_SIZE, Math.ceil(Math.max(a, b) + reach));
  for (let row = first(ay, by); row < end(ay, by); row++)
    for (let col = first(ax, bx); col < end(ax, bx); col++) {
      const [x, y] = [col + 0.5 - ax, row + 0.5 - ay];
      const t = Math.min(1, Math.max(0, (x * dx + y * dy) / (dx * dx + dy * dy || 1)));
      const at = row * DIGIT_SIZE + col;
      distances[at] = Math.min(distances[at], Math.hypot(x - t * dx, y - t * dy));
    }
}
