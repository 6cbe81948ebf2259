// SPDX-License-Identifier: Apache-2.0
/** The arithmetic explorer: a story in eight steps, and a workbench. The state makes the page; the address holds it. */
import './explorer.css';
import './story.css';
import type { VNode } from 'preact';
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { showPage } from '../site/shell';
import { Tabs } from '../site/tabs';
import { axisOf } from './axis';
import { Checkerboards } from './checkerboard/images';
import { Advice, Controls } from './controls';
import { Count } from './count';
import { makeLayer } from './layer';
import { makeLine } from './line';
import { type Change, type View, VIEWS, changed, formatState, parseState } from './state';
import { STEPS } from './story';
import { Story } from './story/story';
import { numbersOf } from './values';
import { Workbench } from './workbench';

const TITLES: Readonly<Record<View, string>> = {
  ...(Object.fromEntries(Object.entries(STEPS).map(([view, { title }]) => [view, title])) as Record<
    keyof typeof STEPS,
    string
  >),
  count: 'Cost',
  checkerboard: 'Checkerboards',
  workbench: 'Workbench',
};

function Explorer(): VNode {
  const [state, setState] = useState(() => parseState(location.search));
  const change = useCallback<Change>((changes) => setState((old) => changed(old, changes)), []);
  const { view, settings, values, noise } = state;
  useEffect(() => {
    // Half-typed settings need no entries in the history.
    const timer = setTimeout(() => history.replaceState(null, '', formatState(state)), 150);
    return () => clearTimeout(timer);
  }, [state]);

  const axis = useMemo(() => axisOf(settings), [settings]);
  const numbers = useMemo(() => numbersOf(settings, values), [settings, values]);
  const possible = 'message' in axis ? undefined : axis;
  const line = useMemo(() => possible && makeLine(possible, numbers.x, numbers.w), [possible, numbers]);
  const layer = useMemo(() => possible && makeLayer(possible, numbers.x2, numbers.w2), [possible, numbers]);

  const shown = (): VNode => {
    if (view === 'checkerboard') return <Checkerboards noise={noise} change={change} />;
    if ('message' in axis)
      return <Advice settings={settings} impossible={axis} onChange={(made) => change({ settings: made })} />;
    const all = { layer: layer!, numbers, state, change };
    if (view === 'workbench') return <Workbench {...all} />;
    if (view === 'count') return <Count line={line!} {...all} />;
    return <Story step={STEPS[view]} line={line!} numbers={numbers} state={state} change={change} />;
  };
  const next = VIEWS[VIEWS.indexOf(view) + 1] as View | undefined;
  const go = (to: View): void => {
    change({ view: to });
    scrollTo({ top: 0 });
  };
  return (
    <Tabs
      label="Steps"
      class="steps"
      names={VIEWS}
      chosen={view}
      onChoose={(name) => change({ view: name })}
      tab={(name, index) => (
        <>
          {name !== 'workbench' && <b>{index + 1}</b>}
          <span class={name === 'workbench' ? '' : 'title'}> {TITLES[name]}</span>
        </>
      )}
    >
      {view === 'workbench' ? (
        <div class="columns">
          <Controls settings={settings} onChange={(made) => change({ settings: made })} />
          <div>{shown()}</div>
        </div>
      ) : (
        <section class="panel" aria-label={TITLES[view]}>
          <h2>{TITLES[view]}</h2>
          {shown()}
        </section>
      )}
      {next && (
        <p class="onwards">
          <button class="primary" data-testid="onwards" onClick={() => go(next)}>
            {next === 'workbench' ? 'Try your own in the workbench' : `Next: ${TITLES[next]}`} →
          </button>
        </p>
      )}
    </Tabs>
  );
}

showPage({
  page: 'explorer',
  lead: 'What a transposed convolution does, in eight steps. Then a workbench for your own sizes and weights.',
  children: <Explorer />,
});
