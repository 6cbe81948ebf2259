// SPDX-License-Identifier: Apache-2.0
/** Sentences with **what matters** and __a term__ where it is introduced. */
import type { VNode } from 'preact';

export function Prose({ text }: { text: string }): VNode {
  return (
    <>
      {text
        .split(/(\*\*.+?\*\*|__.+?__)/)
        .map((part) =>
          part.startsWith('**') ? (
            <b>{part.slice(2, -2)}</b>
          ) : part.startsWith('__') ? (
            <dfn>{part.slice(2, -2)}</dfn>
          ) : (
            part
          ),
        )}
    </>
  );
}
