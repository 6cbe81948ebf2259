// SPDX-License-Identifier: Apache-2.0
/**
 * Things that are made once: what is derived from an object is kept with it, what is derived from a request by its key.
 */

/** `make`, called once for each object; what it made is kept for as long as the object lives. */
export function keptBy<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const kept = new WeakMap<K, { readonly value: V }>();
  return (key) => {
    let entry = kept.get(key);
    if (entry === undefined) {
      entry = { value: make(key) };
      kept.set(key, entry);
    }
    return entry.value;
  };
}

/** Entries of a `Recent` that are kept: more than a model has layers. */
const MOST = 512;

/** The most recent values by their keys. What has not come in for long makes room for what is new. */
export class Recent<V> {
  private readonly values = new Map<string, V>();

  /** The value of a key, made if it is not there. An error of `make` keeps nothing. */
  get(key: string, make: () => V): V {
    let value = this.values.get(key);
    if (value === undefined) {
      value = make();
      this.values.set(key, value);
      if (this.values.size > MOST) this.values.delete(this.values.keys().next().value as string);
    }
    return value;
  }
}
