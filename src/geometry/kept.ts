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

/** Questions that pass at most until what has thrown is tried again. */
const MOST_PATIENCE = 1024;

/**
 * `make`, called until it gives something, which is kept. An error stands for the next question too, that of the next
 * try for the next two, then four: it may pass, but what throws every time must not cost its time every time.
 */
export function retried<V>(make: () => V | undefined): () => V | undefined {
  let made: V | undefined;
  let thrown: unknown;
  let [patience, left] = [1, 0];
  return () => {
    if (made !== undefined) return made;
    if (left > 0) {
      left--;
      throw thrown;
    }
    try {
      return (made = make());
    } catch (error) {
      [thrown, left, patience] = [error, patience, Math.min(2 * patience, MOST_PATIENCE)];
      throw error;
    }
  };
}

/** Equal values have equal keys, others never. What is not made of numbers, strings and arrays has none. */
export function keyOf(value: unknown): string | undefined {
  if (typeof value === 'number' || value === undefined) return `${value}`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (!Array.isArray(value)) return undefined;
  let key = '[';
  for (const entry of value as unknown[]) {
    const part = typeof entry === 'number' ? entry : keyOf(entry);
    if (part === undefined) return undefined;
    key += `${part},`;
  }
  return `${key}]`;
}

/** Entries of a `Recent` that are kept: more than a model has layers. */
const MOST = 512;

/** The latest values by their keys: what was not asked for in longest makes room for what is new. */
export class Recent<V> {
  private readonly values = new Map<string, V>();

  /** The value of a key, made if it is not there or there is no key. An error of `make` keeps nothing. */
  get(key: string | undefined, make: () => V): V {
    if (key === undefined) return make();
    let value = this.values.get(key);
    if (value !== undefined) {
      // Only where room is scarce does it matter who was asked for last.
      if (this.values.size > MOST / 2) {
        this.values.delete(key);
        this.values.set(key, value);
      }
      return value;
    }
    value = make();
    this.values.set(key, value);
    if (this.values.size > MOST) this.values.delete(this.values.keys().next().value as string);
    return value;
  }
}
