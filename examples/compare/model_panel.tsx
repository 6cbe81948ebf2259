// SPDX-License-Identifier: Apache-2.0
/** A whole model, chosen with its weights, to be raced: stock against install(). */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';

interface ModelPanelProps {
  readonly disabled: boolean;
  onRace(files: readonly File[]): void;
}

export function ModelPanel({ disabled, onRace }: ModelPanelProps): VNode {
  const [files, setFiles] = useState<readonly File[]>([]);
  return (
    <section
      class="panel"
      aria-label="A whole model"
      data-testid="model"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        setFiles([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <h2>A whole model</h2>
      <p class="soft drop">
        <label>
          Choose model.json and its weights together, or drop them here:{' '}
          <input
            type="file"
            multiple
            aria-label="Model and weights"
            onChange={(event) => setFiles([...(event.currentTarget.files ?? [])])}
          />
        </label>
      </p>
      <div class="row">
        <button disabled={files.length === 0 || disabled} onClick={() => onRace(files)}>
          Race stock against install()
        </button>
      </div>
      <p class="soft">
        {files.length > 0 && `${files.map(({ name }) => name).join(', ')}. `}
        The files stay on this device.
      </p>
    </section>
  );
}
