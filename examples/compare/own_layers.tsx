// SPDX-License-Identifier: Apache-2.0
/** Layers of one's own in the plan: typed in, or from a model.json. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import data from '../../bench/workloads.json' with { type: 'json' };
import type { FoundLayers } from './model_json';
import { EXAMPLE, NUMBERS, type OwnLayer, workloadOf } from './own_layer';

interface OwnLayersProps {
  readonly own: readonly OwnLayer[];
  onChange(own: readonly OwnLayer[]): void;
  /** The layers of a model.json. */
  onModel(text: string): Promise<FoundLayers>;
}

const LABELS: Readonly<Record<(typeof NUMBERS)[number], string>> = {
  batch: 'batch',
  inHeight: 'height',
  inWidth: 'width',
  inChannels: 'channels in',
  outChannels: 'channels out',
  kernelHeight: 'kernel height',
  kernelWidth: 'kernel width',
  strideHeight: 'stride down',
  strideWidth: 'stride across',
  dilationHeight: 'dilation down',
  dilationWidth: 'dilation across',
  groups: 'groups',
  outputPaddingHeight: 'output padding below',
  outputPaddingWidth: 'output padding right',
};

/** '1×16×16×32 → 16, 4×4 /2, same' */
function inShort(layer: OwnLayer): string {
  const input = [layer.batch, layer.inHeight, layer.inWidth, layer.inChannels].join('×');
  const kernel = `${layer.kernelHeight}×${layer.kernelWidth}`;
  return `${input} → ${layer.outChannels}, ${kernel} /${layer.strideHeight}, ${layer.pad}`;
}

export function OwnLayers({ own, onChange, onModel }: OwnLayersProps): VNode {
  const [draft, setDraft] = useState<OwnLayer>(EXAMPLE);
  const [said, setSaid] = useState<{ text: string; bad: boolean }>({ text: '', bad: false });
  const add = (): void => {
    const name = draft.name.trim().replace(/:/g, '-');
    try {
      if (name === '') throw new RangeError('Give the layer a name.');
      if (own.some((layer) => layer.name === name) || data.workloads.some((layer) => layer.name === name))
        throw new RangeError(`There is a layer '${name}' already; give this one another name.`);
      workloadOf({ ...draft, name });
      onChange([...own, { ...draft, name }]);
      setSaid({ text: `Added '${name}'.`, bad: false });
    } catch (error) {
      setSaid({ text: (error as Error).message, bad: true });
    }
  };
  const read = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    try {
      const { layers, note } = await onModel(await file.text());
      const fresh = layers.filter(({ name }) => !own.some((layer) => layer.name === name));
      onChange([...own, ...fresh]);
      const count = `${layers.length} transposed ${layers.length === 1 ? 'layer' : 'layers'}`;
      setSaid({ text: `${file.name}: ${count}. ${note}`, bad: false });
    } catch (error) {
      setSaid({ text: `${file.name}: ${(error as Error).message}`, bad: true });
    }
  };
  return (
    <fieldset
      class="own"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void read(event.dataTransfer?.files[0]);
      }}
    >
      <legend>Layers of your own</legend>
      {own.map((layer) => (
        <div class="row">
          <span>
            {layer.name} <small class="soft">{inShort(layer)}</small>
          </span>
          <button
            class="quiet remove"
            aria-label={`Remove ${layer.name}`}
            onClick={() => onChange(own.filter((other) => other !== layer))}
          />
        </div>
      ))}
      <details>
        <summary>Add a layer</summary>
        <div class="own-form">
          <label>
            name{' '}
            <input
              type="text"
              value={draft.name}
              onInput={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
            />
          </label>
          {NUMBERS.map((key) => (
            <label>
              {LABELS[key]}{' '}
              <input
                type="number"
                name={key}
                min={key.startsWith('outputPadding') ? 0 : 1}
                value={draft[key]}
                onInput={(event) => setDraft({ ...draft, [key]: Number(event.currentTarget.value) })}
              />
            </label>
          ))}
          <label>
            pad{' '}
            <input
              type="text"
              name="pad"
              size={6}
              value={draft.pad}
              title="'same', 'valid', or a number of cells"
              onInput={(event) => setDraft({ ...draft, pad: event.currentTarget.value.trim() })}
            />
          </label>
        </div>
        <button onClick={add}>Add</button>
      </details>
      <p class="soft drop">
        Or drop a model.json here:{' '}
        <input
          type="file"
          accept=".json,application/json"
          aria-label="model.json"
          onChange={(event) => void read(event.currentTarget.files?.[0])}
        />
      </p>
      {said.text !== '' && (
        <p class={said.bad ? 'error' : 'soft'} role="status" data-testid="own-status">
          {said.text}
        </p>
      )}
    </fieldset>
  );
}
