// SPDX-License-Identifier: Apache-2.0
/**
 * The folder of a training run in Node: its checkpoint, replaced in one stroke so that a stop at any moment leaves a
 * whole one, and pictures.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint';
import type { Picture } from './image_grid';

export class RunFolder {
  readonly checkpointPath: string;

  constructor(readonly path: string) {
    this.checkpointPath = join(path, 'checkpoint.safetensors');
  }

  /** The last checkpoint, if there is one. */
  load(): Checkpoint | undefined {
    if (!existsSync(this.checkpointPath)) return undefined;
    return decodeCheckpoint(new Uint8Array(readFileSync(this.checkpointPath)), this.checkpointPath);
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    const bytes = await encodeCheckpoint(checkpoint);
    mkdirSync(this.path, { recursive: true });
    writeFileSync(`${this.checkpointPath}.part`, bytes);
    renameSync(`${this.checkpointPath}.part`, this.checkpointPath);
  }

  /** Writes a picture; returns where. */
  savePicture(name: string, { width, height, data }: Picture): string {
    const png = new PNG({ width, height });
    png.data = Buffer.from(data.buffer);
    mkdirSync(this.path, { recursive: true });
    const path = join(this.path, name);
    writeFileSync(path, PNG.sync.write(png, { colorType: 0 }));
    return path;
  }
}
